;; Catches what a throws, in every form, by the tag it imports; between them C++ of the host.
(module $b
  (import "a" "t" (tag $t (param i32 f64)))
  (import "a" "throw" (func $throw (param i32 f64)))
  (import "a" "clean" (func $clean (param i32) (result i32)))
  (import "a" "divide" (func $divide (param i32 i32) (result i32)))
  (import "a" "memory" (memory 1))
  (import "host" "call" (func $call (param i32) (result i32)))
  (tag $other (export "other") (param i64))
  (global $cleaned (export "cleaned") (mut i32) (i32.const 0))

  (func (export "catch") (param i32 f64) (result i32 f64)
    (block $never (result i64)
      (block $caught (result i32 f64)
        (try_table (catch $other $never) (catch $t $caught) (call $throw (local.get 0) (local.get 1)))
        (return (i32.const -1) (f64.const -1)))
      (return))
    (drop)
    (i32.const -2)
    (f64.const -2))
  (func (export "catch_legacy") (param i32 f64) (result i32 f64)
    (try (result i32 f64)
      (do (call $throw (local.get 0) (local.get 1)) (i32.const -1) (f64.const -1))
      (catch $other (drop) (i32.const -2) (f64.const -2))
      (catch $t)))

  ;; Caught as a reference, thrown again, and caught by its tag.
  (func $again (param i32 f64)
    (block $all (result exnref)
      (try_table (catch_all_ref $all) (call $throw (local.get 0) (local.get 1)))
      (return))
    (throw_ref))
  (func (export "catch_again") (param i32 f64) (result i32 f64)
    (block $caught (result i32 f64)
      (try_table (catch $t $caught) (call $again (local.get 0) (local.get 1)))
      (return (i32.const -1) (f64.const -1)))
    (return))

  ;; Clean-ups of b and a around the host's call.
  (func (export "clean") (param i32) (result i32)
    (try (result i32)
      (do (call $clean (local.get 0)))
      (catch_all
        (global.set $cleaned (i32.add (global.get $cleaned) (i32.const 1)))
        (rethrow 0))))

  ;; The host calls back into a, whose exception passes the host's C++ frames.
  (func (export "catch_through_host") (param i32) (result i32 f64)
    (block $caught (result i32 f64)
      (try_table (catch $t $caught) (drop (call $call (local.get 0))))
      (return (i32.const -1) (f64.const -1)))
    (return))
  (func (export "catch_through_both") (param i32) (result i32 f64)
    (try (result i32 f64)
      (do (drop (call $clean (local.get 0))) (i32.const -1) (f64.const -1))
      (catch $t)))

  ;; No clause sees a trap.
  (func (export "divide") (param i32 i32) (result i32)
    (try (result i32)
      (do (call $divide (local.get 0) (local.get 1)))
      (catch_all (global.set $cleaned (i32.const 1000)) (i32.const -1))))
  (func (export "throw_other") (param i64) (throw $other (local.get 0)))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))
