;; No reference is in a register across a call: its slot is listed, and it is loaded again where it is used.
(module
  (func $f (param externref) (result externref) (local.get 0))
  (func (param externref externref) (result externref i32)
    (call $f (local.get 0))
    (ref.is_null (call $f (local.get 1))))
  (func (param externref i32) (result externref)
    (loop $l
      (drop (call $f (local.get 0)))
      (br_if $l (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
    (local.get 0)))
