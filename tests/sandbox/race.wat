;; Opens "swapped/file" 20,000 times and reads its first byte, while the host swaps the directory for a symbolic link that
;; leads outside. Exit status 0 if the byte 'S' of the outside file was never seen, 1 if it was; 2 if nothing could be read.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "swapped/file")
  (func (export "_start") (local $left i32) (local $good i32) (local $fd i32)
    (local.set $left (i32.const 20000))
    (i32.store (i32.const 16) (i32.const 128)) ;; one buffer of one byte
    (i32.store (i32.const 20) (i32.const 1))
    (loop $again
      (if (i32.eqz (call $open (i32.const 3) (i32.const 1) (i32.const 64) (i32.const 12) (i32.const 0) (i64.const 2)
                               (i64.const 2) (i32.const 0) (i32.const 0)))
        (then
          (local.set $fd (i32.load (i32.const 0)))
          (if (i32.eqz (call $read (local.get $fd) (i32.const 16) (i32.const 1) (i32.const 24)))
            (then
              (if (i32.eq (i32.load8_u (i32.const 128)) (i32.const 83)) (then (call $exit (i32.const 1))))
              (local.set $good (i32.const 1))))
          (drop (call $close (local.get $fd)))))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (call $exit (select (i32.const 0) (i32.const 2) (local.get $good)))))
