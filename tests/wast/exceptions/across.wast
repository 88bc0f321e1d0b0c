;; From instance to instance and back: each frame's own instance is asked what its tags mean and is back after a landing,
;; with its memory, globals and tables; handlers of instances in between pass what is not theirs, or clean up and throw on.

(module $middle
  (type $f (func (param i32)))
  (tag $own (export "own") (param i32))
  (memory 1)
  (global $seen (export "seen") (mut i32) (i32.const 0))
  (table $t (export "t") 4 funcref)
  ;; own clauses only: what comes from elsewhere passes
  (func (export "pass") (param i32)
    (i32.store (i32.const 0) (i32.const 111))
    (block $h (result i32)
      (try_table (catch $own $h) (call_indirect $t (type $f) (local.get 0) (i32.const 0)))
      (return))
    (global.set $seen (i32.add (i32.const 1000))))
  ;; cleans up and throws on
  (func (export "cleanup") (param i32)
    (local $x exnref)
    (i32.store (i32.const 0) (i32.const 222))
    (block $h (result exnref)
      (try_table (catch_all_ref $h) (call_indirect $t (type $f) (local.get 0) (i32.const 0)))
      (return))
    (local.set $x)
    (global.set $seen (i32.add (global.get $seen) (i32.load (i32.const 0))))
    (throw_ref (local.get $x)))
  (func (export "throw_own") (param i32) (throw $own (local.get 0))))
(register "middle" $middle)

(module $outer
  (type $f (func (param i32)))
  (import "middle" "own" (tag $theirs (param i32)))
  (import "middle" "pass" (func $pass (param i32)))
  (import "middle" "cleanup" (func $cleanup (param i32)))
  (import "middle" "throw_own" (func $throw_own (param i32)))
  (import "middle" "t" (table $t 4 funcref))
  (tag $mine (param i32))
  (memory 1)
  (global $g (mut i32) (i32.const 0))
  (elem (table $t) (i32.const 0) func $throws)
  ;; called by the other instance: throws a tag of either
  (func $throws (param i32)
    (i32.store (i32.const 0) (local.get 0))
    (if (i32.and (local.get 0) (i32.const 1))
      (then (throw $mine (local.get 0)))
      (else (throw $theirs (local.get 0)))))
  (func (export "through") (param $how i32) (param $x i32) (result i32)
    (local $kept i32)
    (i32.store (i32.const 0) (i32.const 0))
    (local.set $kept (i32.mul (local.get $x) (i32.const 100)))
    (block $h2 (result i32)
      (block $h1 (result i32)
        (try_table (catch $mine $h1) (catch $theirs $h2)
          (if (local.get $how) (then (call $cleanup (local.get $x))) (else (call $pass (local.get $x)))))
        (return (i32.const -1)))
      ;; own memory again, and what was written there before the throw
      (return (i32.add (i32.add (local.get $kept)) (i32.load (i32.const 0)))))
    (i32.add (i32.const 5000000)))
  (func (export "twice") (result i32)
    (block $h (result i32)
      (try_table (catch $theirs $h)
        (block $g
          (try_table (catch_all $g) (call $throw_own (i32.const 1))))
        (call $throw_own (i32.const 2)))
      (unreachable))))

(assert_return (invoke "through" (i32.const 0) (i32.const 7)) (i32.const 714))
(assert_return (invoke "through" (i32.const 0) (i32.const 8)) (i32.const -1))
(assert_return (get $middle "seen") (i32.const 1008))
(assert_return (invoke "through" (i32.const 1) (i32.const 9)) (i32.const 918))
(assert_return (get $middle "seen") (i32.const 1230))
(assert_return (invoke "through" (i32.const 1) (i32.const 10)) (i32.const 5000010))
(assert_return (get $middle "seen") (i32.const 1452))
(assert_return (invoke "twice") (i32.const 2))

;; A start function that catches what it throws; an import that throws while another module starts.
(module
  (tag $e)
  (global $done (export "done") (mut i32) (i32.const 0))
  (func $throw (throw $e))
  (func $start
    (block $h (try_table (catch $e $h) (call $throw)) (return))
    (global.set $done (i32.const 1)))
  (start $start))
(assert_return (get "done") (i32.const 1))
(module
  (import "middle" "throw_own" (func $throw (param i32)))
  (import "middle" "own" (tag $e (param i32)))
  (global $got (export "got") (mut i32) (i32.const 0))
  (func $start
    (global.set $got (block $h (result i32) (try_table (catch $e $h) (call $throw (i32.const 6))) (unreachable))))
  (start $start))
(assert_return (get "got") (i32.const 6))
