;; try_table in, after and around unreachable code: regions are saved and restored all the same.

(module
  (tag $e)
  (func $thrower (throw $e))

  (func (export "body_unreachable") (result i32)
    (block $h
      (try_table (catch_all $h) (call $thrower) (unreachable)))
    (i32.const 1))

  (func (export "inside_dead_code") (result i32)
    (block $h
      (block
        (br 0)
        (try_table (catch_all $h) (call $thrower)))
      (call $thrower))
    (i32.const 1))

  (func (export "dead_inside_live") (result i32)
    (block $h
      (try_table (catch_all $h)
        (block (br 0) (try_table (catch_all 0) (call $thrower)))
        (call $thrower)))
    (i32.const 1))

  (func (export "after_return") (result i32)
    (return (i32.const 5))
    (block $h (try_table (catch_all $h) (call $thrower)))
    (drop)
    (i32.const 6))

  (func (export "end_unreachable") (param i32) (result i32)
    (block $h
      (try_table (catch_all $h)
        (if (local.get 0) (then (call $thrower)))
        (return (i32.const 2))))
    (i32.const 3))

  (func (export "throw_then_more") (result i32)
    (block $h
      (try_table (catch $e $h)
        (throw $e)
        (drop (i32.const 1))
        (try_table (catch_all 0) (throw $e))))
    (i32.const 4)))

(assert_return (invoke "body_unreachable") (i32.const 1))
(assert_exception (invoke "inside_dead_code"))
(assert_return (invoke "dead_inside_live") (i32.const 1))
(assert_return (invoke "after_return") (i32.const 5))
(assert_return (invoke "end_unreachable" (i32.const 0)) (i32.const 2))
(assert_return (invoke "end_unreachable" (i32.const 1)) (i32.const 3))
(assert_return (invoke "throw_then_more") (i32.const 4))
