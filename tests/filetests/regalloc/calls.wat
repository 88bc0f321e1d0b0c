;; Values across calls: integers in callee-saved registers while there are some, floats and the rest in slots, stored
;; once behind their definition; constants are made again.
(module
  (func $f (param i32) (result i32) (local.get 0))
  (func $four (param i32 i32) (result i32)
    (i32.add (local.get 1) (i32.add (call $f (local.get 0)) (local.get 0))))
  (func $float (param f64 i32) (result f64)
    (f64.add (local.get 0) (f64.convert_i32_s (call $f (local.get 1)))))
  (func $many (param i32 i32 i32 i32 i32 i32) (result i32)
    (drop (call $f (local.get 0)))
    (i32.sub (i32.sub (i32.sub (local.get 0) (local.get 1)) (i32.sub (local.get 2) (local.get 3)))
             (i32.sub (local.get 4) (local.get 5))))
  (func $constant (result i64) (local i64)
    (local.set 0 (i64.const 0x123456789abcdef))
    (i64.add (i64.mul (i64.extend_i32_u (call $f (i32.const 1))) (local.get 0))
             (i64.mul (i64.extend_i32_u (call $f (i32.const 2))) (local.get 0)))))
