;; What was done before the throw stays done: memory grown and written, tables changed, globals set. The catch
;; looks at memory through a base and length that are not stale.

(module
  (tag $e)
  (memory 1 100)
  (table $t 1 100 funcref)
  (global $g (mut i64) (i64.const 0))
  (func $f (result i32) (i32.const 31))
  (elem declare func $f)
  (func $change
    (i32.store (i32.const 0) (i32.const 0x1234))
    (drop (memory.grow (i32.const 9)))
    (i32.store (i32.const 600000) (i32.const 77))
    (global.set $g (i64.const 5))
    (drop (table.grow $t (ref.null func) (i32.const 9)))
    (table.set $t (i32.const 9) (ref.func $f))
    (throw $e))
  (func (export "run") (result i32 i32 i32 i32 i64 i32 i32)
    (drop (i32.load (i32.const 0)))
    (drop (memory.size))
    (block $h
      (try_table (catch $e $h) (call $change)))
    (memory.size)
    (i32.load (i32.const 0))
    (i32.load (i32.const 600000))
    (i32.load8_u (i32.const 600000))
    (global.get $g)
    (table.size $t)
    (call_indirect $t (result i32) (i32.const 9))))
(assert_return (invoke "run")
  (i32.const 10) (i32.const 0x1234) (i32.const 77) (i32.const 77) (i64.const 5) (i32.const 10) (i32.const 31))
