;; Owns the tag and the memory that b imports, throws, and lets what its host throws pass a clean-up of its own.
(module $a
  (import "host" "call" (func $call (param i32) (result i32)))
  (tag $t (export "t") (param i32 f64))
  (memory (export "memory") 1)
  (global $cleaned (export "cleaned") (mut i32) (i32.const 0))

  (func (export "throw") (param i32 f64) (throw $t (local.get 0) (local.get 1)))
  (func (export "divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "clean") (param i32) (result i32)
    (block $passing (result exnref)
      (try_table (result i32) (catch_all_ref $passing) (call $call (local.get 0)))
      (return))
    (global.set $cleaned (i32.add (global.get $cleaned) (i32.const 1)))
    (throw_ref)))
