;; Clauses: order, first match, duplicates, the empty list, catch_all before a tag, nesting, labels.
;; `thrower` is called, so that no throw here is resolved to a jump when the module is compiled.

(module
  (tag $a (param i32))
  (tag $b (param i32))
  (tag $c)
  (func $thrower (param $which i32) (param $x i32)
    (if (i32.eq (local.get $which) (i32.const 0)) (then (throw $a (local.get $x))))
    (if (i32.eq (local.get $which) (i32.const 1)) (then (throw $b (local.get $x))))
    (if (i32.eq (local.get $which) (i32.const 2)) (then (throw $c))))

  ;; The first clause that matches wins, also when a later one matches too.
  (func (export "order") (param $which i32) (result i32)
    (block $on_all
      (block $second (result i32)
        (block $first (result i32)
          (try_table (catch $a $first) (catch $b $second) (catch_all $on_all)
            (call $thrower (local.get $which) (i32.const 7)))
          (return (i32.const -1)))
        (return (i32.add (i32.const 100))))
      (return (i32.add (i32.const 200))))
    (i32.const 300))

  (func (export "duplicate") (result i32)
    (block $second (result i32)
      (block $first (result i32)
        (try_table (catch $a $first) (catch $a $second) (call $thrower (i32.const 0) (i32.const 5)))
        (return (i32.const -1)))
      (return (i32.add (i32.const 10))))
    (return (i32.add (i32.const 20))))

  (func (export "catch_all_hides") (result i32)
    (block $tag (result i32)
      (block $all
        (try_table (catch_all $all) (catch $a $tag) (call $thrower (i32.const 0) (i32.const 5)))
        (return (i32.const -1)))
      (return (i32.const 1))))

  (func (export "empty_list") (param $which i32) (result i32)
    (block $h (result i32)
      (try_table (catch $a $h)
        (try_table (call $thrower (local.get $which) (i32.const 9))))
      (return (i32.const 1))))

  ;; Inner without a match, outer in the same function with one.
  (func (export "parent") (param $which i32) (result i32)
    (block $outer_all
      (block $outer (result i32)
        (try_table (catch $b $outer) (catch_all $outer_all)
          (block $inner (result i32)
            (try_table (catch $a $inner) (call $thrower (local.get $which) (i32.const 3)))
            (return (i32.const -1)))
          (return (i32.add (i32.const 10))))
        (return (i32.const -2)))
      (return (i32.add (i32.const 20))))
    (i32.const 30))

  ;; Three deep; after an inner end its clauses are gone.
  (func (export "three_deep") (param $where i32) (result i32)
    (local $trace i32)
    (block $h1
      (try_table (catch_all $h1)
        (block $h2
          (try_table (catch_all $h2)
            (block $h3
              (try_table (catch_all $h3)
                (if (i32.eq (local.get $where) (i32.const 3)) (then (call $thrower (i32.const 2) (i32.const 0)))))
              (local.set $trace (i32.or (local.get $trace) (i32.const 1))))
            (if (i32.eq (local.get $where) (i32.const 2)) (then (call $thrower (i32.const 2) (i32.const 0))))
            (local.set $trace (i32.or (local.get $trace) (i32.const 2)))))
        (if (i32.eq (local.get $where) (i32.const 1)) (then (call $thrower (i32.const 2) (i32.const 0))))
        (local.set $trace (i32.or (local.get $trace) (i32.const 4)))))
    (local.get $trace))

  ;; The label is a loop's header: the handler runs the loop again.
  (func (export "loop_header") (param $n i32) (result i32)
    (local $tries i32)
    (loop $again
      (local.set $tries (i32.add (local.get $tries) (i32.const 1)))
      (try_table (catch_all $again)
        (if (i32.lt_u (local.get $tries) (local.get $n))
          (then (call $thrower (i32.const 2) (i32.const 0))))))
    (local.get $tries))

  (func (export "loop_header_param") (param $n i32) (result i32)
    (i32.const 0)
    (loop $again (param i32) (result i32)
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (i32.add (i32.const 10))
      (try_table (param i32) (result i32) (catch $a $again)
        (if (i32.gt_s (local.get $n) (i32.const 0)) (then (call $thrower (i32.const 0) (local.get $n)))))))

  ;; The label is the function's body: catching returns.
  (func (export "function_body") (param $which i32) (result i32)
    (try_table (catch $a 0) (call $thrower (local.get $which) (i32.const 42)))
    (i32.const -1))

  ;; The region ends: a throw behind it is not its own.
  (func (export "after_region") (result i32)
    (block $h
      (try_table (catch_all $h))
      (call $thrower (i32.const 2) (i32.const 0)))
    (i32.const 1))

  ;; Left by a branch: no longer inside.
  (func (export "br_out") (result i32)
    (block $h
      (block $out
        (try_table (catch_all $h) (br $out)))
      (call $thrower (i32.const 2) (i32.const 0)))
    (i32.const 1))

  (func (export "if_else") (param $c i32) (result i32)
    (block $h
      (if (local.get $c)
        (then (try_table (catch_all $h) (call $thrower (i32.const 2) (i32.const 0))))
        (else (try_table (catch_all $h) (nop))))
      (return (i32.const 0)))
    (i32.const 1)))

(assert_return (invoke "order" (i32.const 0)) (i32.const 107))
(assert_return (invoke "order" (i32.const 1)) (i32.const 207))
(assert_return (invoke "order" (i32.const 2)) (i32.const 300))
(assert_return (invoke "order" (i32.const 3)) (i32.const -1))
(assert_return (invoke "duplicate") (i32.const 15))
(assert_return (invoke "catch_all_hides") (i32.const 1))
(assert_return (invoke "empty_list" (i32.const 0)) (i32.const 9))
(assert_return (invoke "empty_list" (i32.const 3)) (i32.const 1))
(assert_exception (invoke "empty_list" (i32.const 1)))
(assert_return (invoke "parent" (i32.const 0)) (i32.const 13))
(assert_return (invoke "parent" (i32.const 1)) (i32.const 23))
(assert_return (invoke "parent" (i32.const 2)) (i32.const 30))
(assert_return (invoke "three_deep" (i32.const 0)) (i32.const 7))
(assert_return (invoke "three_deep" (i32.const 3)) (i32.const 6))
(assert_return (invoke "three_deep" (i32.const 2)) (i32.const 5))
(assert_return (invoke "three_deep" (i32.const 1)) (i32.const 3))
(assert_return (invoke "loop_header" (i32.const 1)) (i32.const 1))
(assert_return (invoke "loop_header" (i32.const 1000)) (i32.const 1000))
(assert_return (invoke "loop_header_param" (i32.const 1)) (i32.const 10))
(assert_return (invoke "loop_header_param" (i32.const 4)) (i32.const 11))
(assert_return (invoke "function_body" (i32.const 0)) (i32.const 42))
(assert_return (invoke "function_body" (i32.const 3)) (i32.const -1))
(assert_exception (invoke "function_body" (i32.const 1)))
(assert_exception (invoke "after_region"))
(assert_exception (invoke "br_out"))
(assert_return (invoke "if_else" (i32.const 1)) (i32.const 1))
(assert_return (invoke "if_else" (i32.const 0)) (i32.const 0))
