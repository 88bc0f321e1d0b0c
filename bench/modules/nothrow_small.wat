;; A small function whose only call stands in a try that never catches, called in a loop; nothrow_small_plain is the same
;; without the try. Both calls go through a table, so that no engine inlines them.
(module
  (type $f (func (param i32) (result i32)))
  (tag $e (param i32))
  (table (export "table") funcref (elem $leaf $small))
  (func $leaf (type $f)
    (if (i32.lt_s (local.get 0) (i32.const 0))
      (then (throw $e (local.get 0))))
    (local.get 0))
  (func $small (type $f)
    (block $caught (result i32)
      (try_table (result i32) (catch $e $caught)
        (call_indirect (type $f) (local.get 0) (i32.const 0))))
    (i32.add (i32.const 1)))
  (func (export "run") (param $n i32) (result i32) (local $i i32) (local $sum i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_s (local.get $i) (local.get $n)))
        (local.set $sum
          (i32.add (local.get $sum)
            (i32.sub (call_indirect (type $f) (local.get $i) (i32.const 1)) (i32.const 1))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (local.get $sum)))
