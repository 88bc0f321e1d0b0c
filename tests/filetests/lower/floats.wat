;; Constants from the pool as operands, masks for signs, rounding, conversions.
(module
  (memory 1)
  (func (param f64) (result f64) (f64.add (f64.mul (local.get 0) (f64.const 0.5)) (f64.const 0)))
  (func (param f64 i32) (result f64) (f64.div (local.get 0) (f64.load (local.get 1))))
  (func (param f32) (result f32) (f32.neg (f32.abs (local.get 0))))
  (func (param f64 f64) (result f64) (f64.copysign (local.get 0) (local.get 1)))
  (func (param f64 f64) (result f64) (f64.min (local.get 0) (local.get 1)))
  (func (param f64) (result f64) (f64.sqrt (f64.nearest (local.get 0))))
  (func (param i32 i64) (result f64) (f64.add (f64.convert_i32_u (local.get 0)) (f64.convert_i64_u (local.get 1))))
  (func (param f64) (result i32) (i32.trunc_f64_s (local.get 0)))
  (func (param f32) (result i64) (i64.trunc_sat_f32_u (local.get 0)))
  (func (param i32) (f64.store (local.get 0) (f64.const 0)) (f32.store (local.get 0) (f32.const 1)))
  (func (param f64) (result i64) (i64.reinterpret_f64 (local.get 0))))
