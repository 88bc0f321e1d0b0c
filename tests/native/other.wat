;; A second object in the same program: its tables stand behind the first one's.
(module
  (tag $unused (param i64))
  (tag $t (param i32))
  (func $throw (param i32) (throw $t (local.get 0)))
  (func (export "catch") (param i32) (result i32)
    (block $h (result i32)
      (try_table (catch $t $h) (call $throw (i32.add (local.get 0) (i32.const 1000))))
      (i32.const -1))))
