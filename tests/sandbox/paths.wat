;; One path operation of WASI preview 1 relative to the first preopened directory (descriptor 3); the exit status is its
;; errno. Arguments: operation (first letter), path, second path.
;;   o open for reading   c create   d mkdir   u unlink   r rmdir   s stat   l readlink   n rename   y symlink   h hard link
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $unlink (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_remove_directory" (func $rmdir (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_get" (func $stat (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_readlink" (func $readlink (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename" (func $rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_symlink" (func $symlink (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_link" (func $link (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)

  (func $length (param $at i32) (result i32)
    (local $end i32)
    (local.set $end (local.get $at))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (i32.load8_u (local.get $end))))
        (local.set $end (i32.add (local.get $end) (i32.const 1)))
        (br $next)))
    (i32.sub (local.get $end) (local.get $at)))

  (func $do (param $op i32) (param $a i32) (param $m i32) (param $b i32) (param $n i32) (result i32)
    (if (i32.eq (local.get $op) (i32.const 111)) ;; o
      (then (return (call $open (i32.const 3) (i32.const 1) (local.get $a) (local.get $m) (i32.const 0)
                                (i64.const 2) (i64.const 2) (i32.const 0) (i32.const 0)))))
    (if (i32.eq (local.get $op) (i32.const 99)) ;; c
      (then (return (call $open (i32.const 3) (i32.const 1) (local.get $a) (local.get $m) (i32.const 1)
                                (i64.const 64) (i64.const 64) (i32.const 0) (i32.const 0)))))
    (if (i32.eq (local.get $op) (i32.const 100)) ;; d
      (then (return (call $mkdir (i32.const 3) (local.get $a) (local.get $m)))))
    (if (i32.eq (local.get $op) (i32.const 117)) ;; u
      (then (return (call $unlink (i32.const 3) (local.get $a) (local.get $m)))))
    (if (i32.eq (local.get $op) (i32.const 114)) ;; r
      (then (return (call $rmdir (i32.const 3) (local.get $a) (local.get $m)))))
    (if (i32.eq (local.get $op) (i32.const 115)) ;; s
      (then (return (call $stat (i32.const 3) (i32.const 1) (local.get $a) (local.get $m) (i32.const 16)))))
    (if (i32.eq (local.get $op) (i32.const 108)) ;; l
      (then (return (call $readlink (i32.const 3) (local.get $a) (local.get $m) (i32.const 32768) (i32.const 4096)
                                    (i32.const 0)))))
    (if (i32.eq (local.get $op) (i32.const 110)) ;; n
      (then (return (call $rename (i32.const 3) (local.get $a) (local.get $m) (i32.const 3) (local.get $b)
                                  (local.get $n)))))
    (if (i32.eq (local.get $op) (i32.const 121)) ;; y
      (then (return (call $symlink (local.get $a) (local.get $m) (i32.const 3) (local.get $b) (local.get $n)))))
    (if (i32.eq (local.get $op) (i32.const 104)) ;; h
      (then (return (call $link (i32.const 3) (i32.const 1) (local.get $a) (local.get $m) (i32.const 3) (local.get $b)
                                (local.get $n)))))
    (i32.const 99))

  (func (export "_start")
    (local $a i32) (local $b i32)
    (if (call $sizes (i32.const 0) (i32.const 4)) (then (call $exit (i32.const 98))))
    (if (i32.lt_u (i32.load (i32.const 0)) (i32.const 3)) (then (call $exit (i32.const 97))))
    (if (call $args (i32.const 1024) (i32.const 2048)) (then (call $exit (i32.const 98))))
    (local.set $a (i32.load (i32.const 1032)))
    (local.set $b (local.get $a))
    (if (i32.gt_u (i32.load (i32.const 0)) (i32.const 3)) (then (local.set $b (i32.load (i32.const 1036)))))
    (call $exit (call $do (i32.load8_u (i32.load (i32.const 1028)))
                      (local.get $a) (call $length (local.get $a)) (local.get $b) (call $length (local.get $b))))))
