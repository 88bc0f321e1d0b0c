;; The loop of the shared throw_local with a branch in place of the throw: what a throw to the own function may cost at most.
(module
  (func (export "run") (param $n i32) (result i32) (local $i i32) (local $sum i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_s (local.get $i) (local.get $n)))
        (local.get $sum)
        (block $caught (result i32)
          (if (i32.ge_s (local.get $i) (i32.const 0))
            (then (br $caught (local.get $i))))
          (drop (i32.const 7))
          (i32.const 123))
        (local.set $sum (i32.add))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (local.get $sum)))
