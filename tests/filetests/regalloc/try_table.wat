;; What a pad uses is in its slot at every call of the region, and at the pad nothing is in a register.
(module
  (tag $t (param i32))
  (func $f (param i32) (result i32) (local.get 0))
  (func (param i32 i32) (result i32)
    (i32.add (i32.mul (local.get 0) (local.get 1))
      (block $h (result i32)
        (try_table (result i32) (catch $t $h)
          (i32.add (call $f (local.get 0)) (call $f (local.get 1)))))))
  (func (param i32) (result i32) (local i32)
    (loop $again (result i32)
      (local.set 1 (i32.add (local.get 1) (i32.const 1)))
      (block $h (result i32)
        (br_if $again (i32.lt_s
          (try_table (result i32) (catch $t $h) (call $f (local.get 1)))
          (local.get 0)))
        (local.get 1))
      (i32.add (local.get 0)))))
