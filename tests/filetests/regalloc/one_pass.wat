;; options: --opt-level=0
;; The one-pass mode: a value is stored only if somebody looks for it in its slot, parameters arrive in slots, a block
;; with one predecessor goes on with its registers.
(module
  (import "m" "f" (func $f (param i32) (result i32)))
  (memory 1)
  (tag $t (param i32))
  (func (param i32 i32) (result i32)
    (local $sum i32)
    (loop $l
      (local.set $sum (i32.add (local.get $sum) (i32.load (local.get 0))))
      (local.set 0 (i32.add (local.get 0) (i32.const 4)))
      (br_if $l (i32.ne (local.get 0) (local.get 1))))
    (local.get $sum))
  (func (param i32 i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (call $f (local.get 1)) (local.get 1)))
      (else (i32.shl (local.get 1) (local.get 0)))))
  (func (param i32 externref) (result externref)
    (drop (call $f (local.get 0)))
    (local.get 1))
  (func (param i32 i32) (result i32)
    (block $h (result i32)
      (try_table (catch $t $h)
        (drop (call $f (local.get 0))))
      (return (i32.div_u (local.get 0) (local.get 1))))
    (i32.add (local.get 1))))
