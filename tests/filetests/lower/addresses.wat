;; What folds into operands: base + index + offset, scaled indices in lea, loads into arithmetic and compares, read-modify-write.
(module
  (memory 1)
  (global $g (mut i64) (i64.const 0))
  (func (param i32) (result i32)
    (i32.load offset=16 (local.get 0)))
  (func (param i32 i32) (result i32)
    ;; one use, nothing between: the load is an operand
    (i32.add (local.get 1) (i32.load offset=4 (local.get 0))))
  (func (param i32 i32) (result i32)
    ;; a store between keeps the load where it is
    (local $x i32)
    (local.set $x (i32.load (local.get 0)))
    (i32.store (local.get 1) (i32.const 7))
    (i32.add (local.get $x) (local.get 1)))
  (func (param i32 i32) (result i32)
    ;; two users: loaded once
    (local $x i32)
    (local.set $x (i32.load (local.get 0)))
    (i32.add (i32.mul (local.get $x) (local.get 1)) (local.get $x)))
  (func (param i32)
    (i32.store (local.get 0) (i32.add (i32.load (local.get 0)) (i32.const 1))))
  (func (param i32 i64)
    (i64.store offset=8 (local.get 0) (i64.xor (local.get 1) (i64.load offset=8 (local.get 0)))))
  (func (param i64) (result i64)
    (global.set $g (i64.add (global.get $g) (local.get 0)))
    (i64.add (i64.add (local.get 0) (i64.const 100)) (i64.shl (global.get $g) (i64.const 3))))
  (func (param i32) (result i32)
    (if (result i32) (i32.eq (i32.load8_u (local.get 0)) (i32.const 65))
      (then (i32.const 1)) (else (i32.const 2))))
  (func (param i32 i32)
    ;; only the low byte is stored
    (i32.store8 (local.get 0) (i32.and (local.get 1) (i32.const 255)))))
