;; options: --opt-level=3
;; Calls become bodies: a throw that the caller catches, a body with a region inside a region, a tail call, results, a chain.
;; Not: a function that calls itself, a call in a pad, a large body outside of loops.
(module
  (tag $e (param i32))
  (func $check (param i32) (result i32)
    (if (i32.gt_u (local.get 0) (i32.const 9)) (then (throw $e (local.get 0))))
    (local.get 0))
  (func $guarded (param i32) (result i32)
    (block $b (result i32)
      (try_table (result i32) (catch $e $b) (call $opaque (local.get 0)))))
  (func $tail (param i32) (result i32) (return_call $opaque (i32.add (local.get 0) (i32.const 1))))
  (func $pair (param i32) (result i32 i64) (local.get 0) (i64.extend_i32_u (local.get 0)))
  (func $chain (param i32) (result i32) (i32.mul (call $check (local.get 0)) (i32.const 3)))
  (func $down (param i32) (result i32)
    (if (result i32) (local.get 0) (then (call $down (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 0))))
  (func $opaque (param i32) (result i32) (call $down (call $down (local.get 0))))
  (func (export "caught") (param i32) (result i32)
    (block $b (result i32)
      (try_table (result i32) (catch $e $b) (call $chain (local.get 0)))
      (return))
    (call $check))
  (func (export "region in region") (param i32) (result i32)
    (block $b
      (try_table (catch_all $b) (return (call $guarded (local.get 0)))))
    (i32.const -1))
  (func (export "tail") (param i32) (result i32)
    (block $b
      (try_table (catch_all $b) (return (i32.add (call $tail (local.get 0)) (i32.const 5)))))
    (i32.const -1))
  (func (export "pair") (param i32) (result i64)
    (local $x i64) (call $pair (local.get 0)) (local.set $x) (i64.extend_i32_s) (i64.add (local.get $x)))
)
