;; Folding, identities and strength reduction while building; what may trap does not fold.
(module
  (func (param i32 i64 f32 f64) (result i32)
    (i32.add (i32.mul (local.get 0) (i32.const 8)) (i32.const 0)))
  (func (param i32) (result i32)
    (i32.eqz (i32.lt_s (i32.const 5) (local.get 0))))
  (func (param i32) (result i32 i32 i32 i32)
    (i32.div_s (local.get 0) (i32.const 8))
    (i32.rem_u (local.get 0) (i32.const 8))
    (i32.div_u (local.get 0) (i32.const 0))
    (i32.rem_s (local.get 0) (i32.const 10)))
  (func (param f64) (result i32 i64 f32)
    (i32.trunc_f64_s (local.get 0))
    (i64.trunc_sat_f64_u (local.get 0))
    (f32.demote_f64 (f64.min (f64.const -0) (f64.const 0))))
  (func (param i32) (result i64)
    ;; the same value twice is one value
    (i64.mul (i64.extend_i32_u (local.get 0)) (i64.extend_i32_u (local.get 0)))))
