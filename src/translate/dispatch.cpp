// Which handler translates which operator: the table of contents of this folder.
#include "translate/translator.hh"

namespace trapeze::translate {

using O = wasm::Opcode;

namespace {

struct Row {
  O code;
  Handler handler;
  u32 argument = 0;
  bool is_structural = false;
};

constexpr u32 c(Cond cond) { return static_cast<u32>(cond); }
constexpr u32 c(FloatCond cond) { return static_cast<u32>(cond); }
constexpr u32 t(Op op, Type type) { return op_and_type(op, type); }
constexpr Type I = Type::I32, L = Type::I64, F = Type::F32, D = Type::F64;

constexpr Row rows[] = {
    // --- control
    {O::Unreachable, unreachable},
    {O::Nop, nop},
    {O::Block, block, 0, true},
    {O::Loop, loop, 0, true},
    {O::If, if_, 0, true},
    {O::Else, else_, 0, true},
    {O::End, end, 0, true},
    {O::Br, br},
    {O::BrIf, br_if},
    {O::BrTable, br_table},
    {O::Return, return_},
    {O::Call, call_direct},
    {O::CallIndirect, call_indirect},
    {O::CallRef, call_ref},
    {O::ReturnCall, call_direct, 1},
    {O::ReturnCallIndirect, call_indirect, 1},
    {O::ReturnCallRef, call_ref, 1},
    // --- exceptions
    {O::TryTable, try_table, 0, true},
    {O::Throw, throw_},
    {O::ThrowRef, throw_ref},
    {O::Try, try_, 0, true},
    {O::Catch, catch_, 0, true},
    {O::CatchAll, catch_, 1, true},
    {O::Delegate, delegate, 0, true},
    {O::Rethrow, rethrow},
    // --- parametric, variables
    {O::Drop, drop},
    {O::Select, select},
    {O::SelectT, select},
    {O::LocalGet, local_get},
    {O::LocalSet, local_set, 0},
    {O::LocalTee, local_set, 1},
    {O::GlobalGet, global_get},
    {O::GlobalSet, global_set},
    // --- tables
    {O::TableGet, table_get},
    {O::TableSet, table_set},
    {O::TableSize, table_size},
    {O::TableGrow, table_grow},
    {O::TableFill, table_fill},
    {O::TableCopy, table_copy},
    {O::TableInit, table_init},
    {O::ElemDrop, elem_drop},
    // --- references
    {O::RefNull, ref_null},
    {O::RefIsNull, ref_is_null},
    {O::RefFunc, ref_func},
    {O::RefAsNonNull, ref_as_non_null},
    {O::BrOnNull, br_on_null},
    {O::BrOnNonNull, br_on_non_null},
    // --- memory
    {O::I32Load, load, load_access(I, 2, false)},
    {O::I64Load, load, load_access(L, 3, false)},
    {O::F32Load, load, load_access(F, 2, false)},
    {O::F64Load, load, load_access(D, 3, false)},
    {O::I32Load8S, load, load_access(I, 0, true)},
    {O::I32Load8U, load, load_access(I, 0, false)},
    {O::I32Load16S, load, load_access(I, 1, true)},
    {O::I32Load16U, load, load_access(I, 1, false)},
    {O::I64Load8S, load, load_access(L, 0, true)},
    {O::I64Load8U, load, load_access(L, 0, false)},
    {O::I64Load16S, load, load_access(L, 1, true)},
    {O::I64Load16U, load, load_access(L, 1, false)},
    {O::I64Load32S, load, load_access(L, 2, true)},
    {O::I64Load32U, load, load_access(L, 2, false)},
    {O::I32Store, store, 2},
    {O::I64Store, store, 3},
    {O::F32Store, store, 2},
    {O::F64Store, store, 3},
    {O::I32Store8, store, 0},
    {O::I32Store16, store, 1},
    {O::I64Store8, store, 0},
    {O::I64Store16, store, 1},
    {O::I64Store32, store, 2},
    {O::MemorySize, memory_size},
    {O::MemoryGrow, memory_grow},
    {O::MemoryFill, memory_fill},
    {O::MemoryCopy, memory_copy},
    {O::MemoryInit, memory_init},
    {O::DataDrop, data_drop},
    // --- constants
    {O::I32Const, constant, static_cast<u32>(I)},
    {O::I64Const, constant, static_cast<u32>(L)},
    {O::F32Const, constant, static_cast<u32>(F)},
    {O::F64Const, constant, static_cast<u32>(D)},
    // --- compares
    {O::I32Eqz, eqz},
    {O::I32Eq, compare_int, c(Cond::Eq)},
    {O::I32Ne, compare_int, c(Cond::Ne)},
    {O::I32LtS, compare_int, c(Cond::LtS)},
    {O::I32LtU, compare_int, c(Cond::LtU)},
    {O::I32GtS, compare_int, c(Cond::GtS)},
    {O::I32GtU, compare_int, c(Cond::GtU)},
    {O::I32LeS, compare_int, c(Cond::LeS)},
    {O::I32LeU, compare_int, c(Cond::LeU)},
    {O::I32GeS, compare_int, c(Cond::GeS)},
    {O::I32GeU, compare_int, c(Cond::GeU)},
    {O::I64Eqz, eqz},
    {O::I64Eq, compare_int, c(Cond::Eq)},
    {O::I64Ne, compare_int, c(Cond::Ne)},
    {O::I64LtS, compare_int, c(Cond::LtS)},
    {O::I64LtU, compare_int, c(Cond::LtU)},
    {O::I64GtS, compare_int, c(Cond::GtS)},
    {O::I64GtU, compare_int, c(Cond::GtU)},
    {O::I64LeS, compare_int, c(Cond::LeS)},
    {O::I64LeU, compare_int, c(Cond::LeU)},
    {O::I64GeS, compare_int, c(Cond::GeS)},
    {O::I64GeU, compare_int, c(Cond::GeU)},
    {O::F32Eq, compare_float, c(FloatCond::Eq)},
    {O::F32Ne, compare_float, c(FloatCond::Ne)},
    {O::F32Lt, compare_float, c(FloatCond::Lt)},
    {O::F32Gt, compare_float, c(FloatCond::Gt)},
    {O::F32Le, compare_float, c(FloatCond::Le)},
    {O::F32Ge, compare_float, c(FloatCond::Ge)},
    {O::F64Eq, compare_float, c(FloatCond::Eq)},
    {O::F64Ne, compare_float, c(FloatCond::Ne)},
    {O::F64Lt, compare_float, c(FloatCond::Lt)},
    {O::F64Gt, compare_float, c(FloatCond::Gt)},
    {O::F64Le, compare_float, c(FloatCond::Le)},
    {O::F64Ge, compare_float, c(FloatCond::Ge)},
    // --- integers
    {O::I32Clz, unary, t(Op::Clz, I)},
    {O::I32Ctz, unary, t(Op::Ctz, I)},
    {O::I32Popcnt, unary, t(Op::Popcnt, I)},
    {O::I32Add, binary, t(Op::Add, I)},
    {O::I32Sub, binary, t(Op::Sub, I)},
    {O::I32Mul, binary, t(Op::Mul, I)},
    {O::I32DivS, trapping_binary, t(Op::DivS, I)},
    {O::I32DivU, trapping_binary, t(Op::DivU, I)},
    {O::I32RemS, trapping_binary, t(Op::RemS, I)},
    {O::I32RemU, trapping_binary, t(Op::RemU, I)},
    {O::I32And, binary, t(Op::And, I)},
    {O::I32Or, binary, t(Op::Or, I)},
    {O::I32Xor, binary, t(Op::Xor, I)},
    {O::I32Shl, binary, t(Op::Shl, I)},
    {O::I32ShrS, binary, t(Op::ShrS, I)},
    {O::I32ShrU, binary, t(Op::ShrU, I)},
    {O::I32Rotl, binary, t(Op::Rotl, I)},
    {O::I32Rotr, binary, t(Op::Rotr, I)},
    {O::I64Clz, unary, t(Op::Clz, L)},
    {O::I64Ctz, unary, t(Op::Ctz, L)},
    {O::I64Popcnt, unary, t(Op::Popcnt, L)},
    {O::I64Add, binary, t(Op::Add, L)},
    {O::I64Sub, binary, t(Op::Sub, L)},
    {O::I64Mul, binary, t(Op::Mul, L)},
    {O::I64DivS, trapping_binary, t(Op::DivS, L)},
    {O::I64DivU, trapping_binary, t(Op::DivU, L)},
    {O::I64RemS, trapping_binary, t(Op::RemS, L)},
    {O::I64RemU, trapping_binary, t(Op::RemU, L)},
    {O::I64And, binary, t(Op::And, L)},
    {O::I64Or, binary, t(Op::Or, L)},
    {O::I64Xor, binary, t(Op::Xor, L)},
    {O::I64Shl, binary, t(Op::Shl, L)},
    {O::I64ShrS, binary, t(Op::ShrS, L)},
    {O::I64ShrU, binary, t(Op::ShrU, L)},
    {O::I64Rotl, binary, t(Op::Rotl, L)},
    {O::I64Rotr, binary, t(Op::Rotr, L)},
    // --- floats
    {O::F32Abs, unary, t(Op::Fabs, F)},
    {O::F32Neg, unary, t(Op::Fneg, F)},
    {O::F32Ceil, unary, t(Op::Fceil, F)},
    {O::F32Floor, unary, t(Op::Ffloor, F)},
    {O::F32Trunc, unary, t(Op::Ftrunc, F)},
    {O::F32Nearest, unary, t(Op::Fnearest, F)},
    {O::F32Sqrt, unary, t(Op::Fsqrt, F)},
    {O::F32Add, binary, t(Op::Fadd, F)},
    {O::F32Sub, binary, t(Op::Fsub, F)},
    {O::F32Mul, binary, t(Op::Fmul, F)},
    {O::F32Div, binary, t(Op::Fdiv, F)},
    {O::F32Min, binary, t(Op::Fmin, F)},
    {O::F32Max, binary, t(Op::Fmax, F)},
    {O::F32Copysign, binary, t(Op::Fcopysign, F)},
    {O::F64Abs, unary, t(Op::Fabs, D)},
    {O::F64Neg, unary, t(Op::Fneg, D)},
    {O::F64Ceil, unary, t(Op::Fceil, D)},
    {O::F64Floor, unary, t(Op::Ffloor, D)},
    {O::F64Trunc, unary, t(Op::Ftrunc, D)},
    {O::F64Nearest, unary, t(Op::Fnearest, D)},
    {O::F64Sqrt, unary, t(Op::Fsqrt, D)},
    {O::F64Add, binary, t(Op::Fadd, D)},
    {O::F64Sub, binary, t(Op::Fsub, D)},
    {O::F64Mul, binary, t(Op::Fmul, D)},
    {O::F64Div, binary, t(Op::Fdiv, D)},
    {O::F64Min, binary, t(Op::Fmin, D)},
    {O::F64Max, binary, t(Op::Fmax, D)},
    {O::F64Copysign, binary, t(Op::Fcopysign, D)},
    // --- conversions
    {O::I32WrapI64, unary, t(Op::Wrap, I)},
    {O::I32TruncF32S, trapping_unary, t(Op::TruncS, I)},
    {O::I32TruncF32U, trapping_unary, t(Op::TruncU, I)},
    {O::I32TruncF64S, trapping_unary, t(Op::TruncS, I)},
    {O::I32TruncF64U, trapping_unary, t(Op::TruncU, I)},
    {O::I64ExtendI32S, unary, t(Op::ExtendS, L)},
    {O::I64ExtendI32U, unary, t(Op::ExtendU, L)},
    {O::I64TruncF32S, trapping_unary, t(Op::TruncS, L)},
    {O::I64TruncF32U, trapping_unary, t(Op::TruncU, L)},
    {O::I64TruncF64S, trapping_unary, t(Op::TruncS, L)},
    {O::I64TruncF64U, trapping_unary, t(Op::TruncU, L)},
    {O::F32ConvertI32S, unary, t(Op::ConvertS, F)},
    {O::F32ConvertI32U, unary, t(Op::ConvertU, F)},
    {O::F32ConvertI64S, unary, t(Op::ConvertS, F)},
    {O::F32ConvertI64U, unary, t(Op::ConvertU, F)},
    {O::F32DemoteF64, unary, t(Op::Demote, F)},
    {O::F64ConvertI32S, unary, t(Op::ConvertS, D)},
    {O::F64ConvertI32U, unary, t(Op::ConvertU, D)},
    {O::F64ConvertI64S, unary, t(Op::ConvertS, D)},
    {O::F64ConvertI64U, unary, t(Op::ConvertU, D)},
    {O::F64PromoteF32, unary, t(Op::Promote, D)},
    {O::I32ReinterpretF32, unary, t(Op::Bitcast, I)},
    {O::I64ReinterpretF64, unary, t(Op::Bitcast, L)},
    {O::F32ReinterpretI32, unary, t(Op::Bitcast, F)},
    {O::F64ReinterpretI64, unary, t(Op::Bitcast, D)},
    {O::I32Extend8S, unary, t(Op::Extend8S, I)},
    {O::I32Extend16S, unary, t(Op::Extend16S, I)},
    {O::I64Extend8S, unary, t(Op::Extend8S, L)},
    {O::I64Extend16S, unary, t(Op::Extend16S, L)},
    {O::I64Extend32S, unary, t(Op::Extend32S, L)},
    {O::I32TruncSatF32S, unary, t(Op::TruncSatS, I)},
    {O::I32TruncSatF32U, unary, t(Op::TruncSatU, I)},
    {O::I32TruncSatF64S, unary, t(Op::TruncSatS, I)},
    {O::I32TruncSatF64U, unary, t(Op::TruncSatU, I)},
    {O::I64TruncSatF32S, unary, t(Op::TruncSatS, L)},
    {O::I64TruncSatF32U, unary, t(Op::TruncSatU, L)},
    {O::I64TruncSatF64S, unary, t(Op::TruncSatS, L)},
    {O::I64TruncSatF64U, unary, t(Op::TruncSatU, L)},
};

struct Table {
  HandlerRow by_opcode[wasm::opcode_count];
  constexpr Table() : by_opcode{} {
    for (HandlerRow &row : by_opcode)
      row = {not_supported, 0, false};
    for (const Row &row : rows)
      by_opcode[static_cast<u32>(row.code)] = {row.handler, row.argument, row.is_structural};
  }
};
constexpr Table table;

} // namespace

const HandlerRow &handler(wasm::Opcode code) { return table.by_opcode[static_cast<u32>(code)]; }

void not_supported(Translator &t, const Operator &o, u32) { t.unsupported(wasm::row(o.code).feature, o); }

} // namespace trapeze::translate
