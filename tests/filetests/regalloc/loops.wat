;; Block parameters sit where their arguments sit; a swap on the back edge is a cycle through the scratch register.
(module
  (func $count (param i32) (result i32) (local i32)
    (loop $l
      (local.set 1 (i32.add (local.get 1) (local.get 0)))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1))
  (func $swap (param i32 i32 i32) (result i32) (local i32)
    (loop $l
      (local.set 3 (local.get 0))
      (local.set 0 (local.get 1))
      (local.set 1 (local.get 3))
      (br_if $l (local.tee 2 (i32.sub (local.get 2) (i32.const 1)))))
    (i32.sub (local.get 0) (local.get 1)))
  (func $f (param i32) (result i32) (local.get 0))
  (func $across (param i32 i32) (result i32)
    (loop $l
      (local.set 1 (i32.add (local.get 1) (call $f (local.get 0))))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1)))
