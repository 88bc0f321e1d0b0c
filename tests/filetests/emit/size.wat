;; options: --opt-level=s
;; Where only size counts: one epilogue, small constants through the stack but in loops, traps in line.
(module
  (import "m" "f" (func $f (param i32 i64) (result i32)))
  (memory 1)
  (table 3 funcref)
  (type $t (func (param i32) (result i32)))
  (func (param i32 i32) (result i32)
    (local $x i32)
    (local.set $x (call $f (i32.const 7) (i64.const -3)))
    (if (local.get 0) (then (return (call_indirect (type $t) (local.get $x) (local.get 1)))))
    (if (local.get 1) (then (return (i32.add (local.get 0) (local.get $x)))))
    (loop $l
      (local.set $x (call $f (i32.const 9) (i64.const 1)))
      (br_if $l (local.get $x)))
    (i32.add (local.get 0) (local.get 1))))
