;; nothrow_small without its try.
(module
  (type $f (func (param i32) (result i32)))
  (tag $e (param i32))
  (table (export "table") funcref (elem $leaf $small))
  (func $leaf (type $f)
    (if (i32.lt_s (local.get 0) (i32.const 0))
      (then (throw $e (local.get 0))))
    (local.get 0))
  (func $small (type $f)
    (call_indirect (type $f) (local.get 0) (i32.const 0))
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
