;; Loops that throw and catch n times; each returns what it counted. run.py compares the memory of few and many.
(module
  (tag $e (param i32))
  (tag $kept (param exnref))
  (global $last (mut exnref) (ref.null exn))
  (table $ring 64 exnref)
  (func $thrower (param i32) (throw $e (local.get 0)))

  ;; caught by tag: no object is ever made
  (func (export "by_tag") (param $n i32) (result i32)
    (local $i i32) (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum)
        (block $h (result i32)
          (try_table (catch $e $h) (call $thrower (i32.const 1)))
          (unreachable))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
    (local.get $sum))

  ;; caught with its reference, which dies at once
  (func (export "by_ref") (param $n i32) (result i32)
    (local $i i32) (local $sum i32) (local $caught exnref)
    (loop $again
      (block $h (result i32 exnref)
        (try_table (catch_ref $e $h) (call $thrower (i32.const 1)))
        (unreachable))
      (local.set $caught)
      (local.set $sum (i32.add (local.get $sum)))
      (local.set $sum (i32.sub (local.get $sum) (ref.is_null (local.get $caught))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
    (local.get $sum))

  ;; kept for a while: a global and a ring of 64 in a table
  (func (export "kept") (param $n i32) (result i32)
    (local $i i32) (local $sum i32)
    (loop $again
      (block $h (result exnref)
        (try_table (catch_all_ref $h) (call $thrower (i32.const 1)))
        (unreachable))
      (global.set $last)
      (table.set $ring (i32.and (local.get $i) (i32.const 63)) (global.get $last))
      (local.set $sum (i32.add (local.get $sum) (i32.const 1)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
    (local.get $sum))

  ;; caught with its reference and thrown again, twice
  (func $again_once (param exnref) (throw_ref (local.get 0)))
  (func (export "rethrown") (param $n i32) (result i32)
    (local $i i32) (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum)
        (block $outer (result i32)
          (try_table (catch $e $outer)
            (block $inner (result exnref)
              (try_table (catch_all_ref $inner) (call $thrower (i32.const 1)))
              (unreachable))
            (call $again_once))
          (unreachable))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
    (local.get $sum))

  ;; each payload holds the exception before it; the chain is cut every 100 links
  (func $chain (param exnref) (throw $kept (local.get 0)))
  (func (export "chained") (param $n i32) (result i32)
    (local $i i32) (local $previous exnref)
    (loop $again
      (if (i32.eqz (i32.rem_u (local.get $i) (i32.const 100))) (then (local.set $previous (ref.null exn))))
      (block $h (result exnref)
        (try_table (catch_all_ref $h) (call $chain (local.get $previous)))
        (unreachable))
      (local.set $previous)
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
    (local.get $i)))
