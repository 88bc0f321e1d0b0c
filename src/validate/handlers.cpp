// The table of handlers. An operator with a signature gets the handler of its kind of immediates; the others are named
// here one by one. An operator that neither rule covers does not compile.
#include "validate/handlers.hh"

#include <array>

namespace trapeze::validate {

using wasm::Feature;
using wasm::Imm;
using wasm::Opcode;

namespace {

struct Special {
  Opcode code;
  Handler handler;
};

/// Operators whose typing is an algorithm of its own ("*" in opcodes.def).
constexpr Special specials[] = {
    {Opcode::Unreachable, unreachable},
    {Opcode::Block, block},
    {Opcode::Loop, block},
    {Opcode::If, if_},
    {Opcode::Else, else_},
    {Opcode::Try, try_},
    {Opcode::Catch, catch_},
    {Opcode::Throw, throw_},
    {Opcode::Rethrow, rethrow},
    {Opcode::ThrowRef, throw_ref},
    {Opcode::End, end},
    {Opcode::Br, br},
    {Opcode::BrIf, br_if},
    {Opcode::BrTable, br_table},
    {Opcode::Return, return_},
    {Opcode::Call, call},
    {Opcode::CallIndirect, call_indirect},
    {Opcode::ReturnCall, return_call},
    {Opcode::ReturnCallIndirect, return_call_indirect},
    {Opcode::CallRef, call_ref},
    {Opcode::ReturnCallRef, return_call_ref},
    {Opcode::Delegate, delegate},
    {Opcode::CatchAll, catch_all},
    {Opcode::Drop, drop},
    {Opcode::Select, select},
    {Opcode::SelectT, select_t},
    {Opcode::TryTable, try_table},
    {Opcode::LocalGet, local_get},
    {Opcode::LocalSet, local_set},
    {Opcode::LocalTee, local_tee},
    {Opcode::GlobalGet, global_get},
    {Opcode::GlobalSet, global_set},
    {Opcode::TableGet, table_get},
    {Opcode::TableSet, table_set},
    {Opcode::TableGrow, table_grow},
    {Opcode::TableFill, table_fill},
    {Opcode::TableCopy, table_copy},
    {Opcode::MemoryCopy, memory_copy},
    {Opcode::RefNull, ref_null},
    {Opcode::RefIsNull, ref_is_null},
    {Opcode::RefFunc, ref_func},
    {Opcode::RefEq, ref_eq},
    {Opcode::RefAsNonNull, ref_as_non_null},
    {Opcode::BrOnNull, br_on_null},
    {Opcode::BrOnNonNull, br_on_non_null},
    {Opcode::RefTest, ref_test},
    {Opcode::RefTestNull, ref_test},
    {Opcode::RefCast, ref_cast},
    {Opcode::RefCastNull, ref_cast},
    {Opcode::BrOnCast, br_on_cast},
    {Opcode::BrOnCastFail, br_on_cast_fail},
    {Opcode::AnyConvertExtern, any_convert_extern},
    {Opcode::ExternConvertAny, extern_convert_any},
    {Opcode::RefI31, ref_i31},
    {Opcode::I31GetS, i31_get},
    {Opcode::I31GetU, i31_get},
    {Opcode::StructNew, struct_new},
    {Opcode::StructNewDefault, struct_new_default},
    {Opcode::StructGet, struct_get},
    {Opcode::StructGetS, struct_get},
    {Opcode::StructGetU, struct_get},
    {Opcode::StructSet, struct_set},
    {Opcode::ArrayNew, array_new},
    {Opcode::ArrayNewDefault, array_new_default},
    {Opcode::ArrayNewFixed, array_new_fixed},
    {Opcode::ArrayNewData, array_new_data},
    {Opcode::ArrayNewElem, array_new_elem},
    {Opcode::ArrayGet, array_get},
    {Opcode::ArrayGetS, array_get},
    {Opcode::ArrayGetU, array_get},
    {Opcode::ArraySet, array_set},
    {Opcode::ArrayLen, array_len},
    {Opcode::ArrayFill, array_fill},
    {Opcode::ArrayCopy, array_copy},
    {Opcode::ArrayInitData, array_init_data},
    {Opcode::ArrayInitElem, array_init_elem},
};

/// Spec: Validation, Constant Expressions. global.get is checked further by its handler.
constexpr Opcode constants[] = {
    Opcode::I32Const,         Opcode::I64Const,
    Opcode::F32Const,         Opcode::F64Const,
    Opcode::V128Const,        Opcode::RefNull,
    Opcode::RefFunc,          Opcode::RefI31,
    Opcode::GlobalGet,        Opcode::End,
    Opcode::StructNew,        Opcode::StructNewDefault,
    Opcode::ArrayNew,         Opcode::ArrayNewDefault,
    Opcode::ArrayNewFixed,    Opcode::AnyConvertExtern,
    Opcode::ExternConvertAny,
};
constexpr Opcode extended_constants[] = {
    Opcode::I32Add, Opcode::I32Sub, Opcode::I32Mul, Opcode::I64Add, Opcode::I64Sub, Opcode::I64Mul,
};

#define OP(id, code, text, imm, sig, feature) {sig[0] == '*', Imm::imm, Feature::feature},
constexpr struct {
  bool is_special;
  Imm imm;
  Feature feature;
} opcodes[] = {
#include "wasm/opcodes.def"
};

/// With a flag of its own: under UBSan, GCC does not compare a function's address at compile time.
struct Found {
  Handler handler = nullptr;
  bool is_found = false;
};

constexpr Found by_immediate(Imm imm, Feature feature) {
  if (imm >= Imm::MemArg0 && imm <= Imm::MemArg4)
    return {feature == Feature::Threads ? atomic_access : memory_access, true};
  if (imm >= Imm::MemArgLane0 && imm <= Imm::MemArgLane3)
    return {memory_lane_access, true};
  constexpr struct {
    Imm imm;
    Handler handler;
  } rows[] = {
      {Imm::None, plain},
      {Imm::I32, plain},
      {Imm::I64, plain},
      {Imm::F32, plain},
      {Imm::F64, plain},
      {Imm::V128, plain},
      {Imm::Fence, plain},
      {Imm::Lane, lane},
      {Imm::Shuffle, shuffle},
      {Imm::Memory, memory_operator},
      {Imm::DataMemory, memory_init},
      {Imm::Table, table_size},
      {Imm::ElemTable, table_init},
      {Imm::Data, data_drop},
      {Imm::Elem, elem_drop},
  };
  for (const auto &row : rows)
    if (row.imm == imm)
      return {row.handler, true};
  return {};
}

constexpr Found handler_of(u32 code) {
  if (!opcodes[code].is_special)
    return by_immediate(opcodes[code].imm, opcodes[code].feature);
  for (const Special &special : specials)
    if (static_cast<u32>(special.code) == code)
      return {special.handler, true};
  return {};
}

constexpr Constancy constancy(u32 code) {
  for (const Opcode allowed : constants)
    if (static_cast<u32>(allowed) == code)
      return Constancy::Constant;
  for (const Opcode allowed : extended_constants)
    if (static_cast<u32>(allowed) == code)
      return Constancy::Extended;
  return Constancy::None;
}

constexpr auto rows = [] {
  std::array<HandlerRow, wasm::opcode_count> table{};
  for (u32 i = 0; i < wasm::opcode_count; ++i)
    table[i] = {handler_of(i).handler, constancy(i)};
  return table;
}();

constexpr bool is_complete() {
  for (u32 i = 0; i < wasm::opcode_count; ++i)
    if (!handler_of(i).is_found)
      return false;
  return true;
}
static_assert(is_complete());

} // namespace

const std::array<HandlerRow, wasm::opcode_count> handler_rows = rows;

} // namespace trapeze::validate
