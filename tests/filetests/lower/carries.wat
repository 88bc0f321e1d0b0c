;; A condition that is tried as a carry and does not fit must not be demanded: the other one folds its load.
(module
  (table 8 funcref)
  (func (export "run") (param i32 i64) (result i64)
    (local i32)
    i32.const 0x8454dc22
    i32.const 0x0
    i32.const 0x2
    table.get 0
    ref.is_null
    i64.const 0x0
    i64.const 0x31961e35ec46546f
    i64.add
    i64.const 0x0
    local.get 1
    i32.const 0x0
    select (result i64)
    i64.const 0x0
    i64.sub
    i64.lt_u
    i32.add
    select (result i32)
    local.set 2
    local.get 2
    i64.extend_i32_u)
)
