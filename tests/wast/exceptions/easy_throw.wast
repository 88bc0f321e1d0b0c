;; The smallest cases: one throw caught by catch_all, one by its tag. Nothing else.

(module
  (tag $e)
  (func (export "catch_all") (result i32)
    (block $h
      (try_table (catch_all $h) (throw $e))
      (return (i32.const 0)))
    (i32.const 1))
  (func (export "catch_tag") (result i32)
    (block $h
      (try_table (catch $e $h) (throw $e))
      (return (i32.const 0)))
    (i32.const 1)))

(assert_return (invoke "catch_all") (i32.const 1))
(assert_return (invoke "catch_tag") (i32.const 1))
