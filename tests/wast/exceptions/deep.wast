;; Throws over many frames: without handlers on the way, with handlers that do not match, from a deep stack.

(module
  (tag $e (param i32))
  (tag $other)
  (func $down (param $n i32) (result i32)
    (if (i32.eqz (local.get $n)) (then (throw $e (i32.const 5))))
    (i32.add (i32.const 1) (call $down (i32.sub (local.get $n) (i32.const 1)))))
  (func (export "plain") (param i32) (result i32)
    (try_table (result i32) (catch $e 0) (call $down (local.get 0))))
  (func $down_handlers (param $n i32) (result i32)
    (if (i32.eqz (local.get $n)) (then (throw $e (i32.const 6))))
    (block $h
      (return
        (try_table (result i32) (catch $other $h)
          (i32.add (i32.const 1) (call $down_handlers (i32.sub (local.get $n) (i32.const 1)))))))
    (unreachable))
  (func (export "handlers") (param i32) (result i32)
    (try_table (result i32) (catch $e 0) (call $down_handlers (local.get 0))))
  ;; Each frame catches, adds one and throws again.
  (func $up (param $n i32) (result i32)
    (if (i32.eqz (local.get $n)) (then (throw $e (i32.const 0))))
    (throw $e (i32.add (i32.const 1)
      (block $h (result i32)
        (try_table (catch $e $h) (drop (call $up (i32.sub (local.get $n) (i32.const 1)))))
        (unreachable)))))
  (func (export "counted") (param i32) (result i32)
    (try_table (result i32) (catch $e 0) (call $up (local.get 0)))))

(assert_return (invoke "plain" (i32.const 0)) (i32.const 5))
(assert_return (invoke "plain" (i32.const 10000)) (i32.const 5))
(assert_return (invoke "handlers" (i32.const 10000)) (i32.const 6))
(assert_return (invoke "counted" (i32.const 5000)) (i32.const 5000))
