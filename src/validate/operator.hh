// One typed operator, as the validator hands it to its sink (the translator, or nothing): the instruction with its
// immediates, and what typing found out about it.
//
// The walk decodes, checks and hands on each operator of a body once. A sink is any type with
//   void locals(const Locals &l);     // once, before the first operator
//   void op(const Operator &o);       // called after o has been checked
// Unreachable operators are handed on too, marked: a sink normally skips all but block structure.
// Spans are valid during the call only. Fields that an operator has no use for hold anything.
#pragma once

#include "base/types.hh"
#include "decode/instruction.hh"
#include "wasm/opcodes.hh"
#include "wasm/types.hh"

#include <span>

namespace trapeze::validate {

enum class FrameKind : u8 { Function, Block, Loop, If, Else, TryTable, Try, Catch, CatchAll };

using CatchClause = decode::CatchClause;

/// Inherits code, offset and immediates: index, index2, memory_offset, align_log2, lane, bits, bits2, labels, catches.
struct Operator : decode::Instruction {
  bool reachable = true; ///< before the operator
  /// What a polymorphic operator works on: select, drop, local/global/table operators: the value's type;
  /// ref.*, br_on_*, call_ref: the operand reference's type. Bottom or a reference to Bottom only if unreachable.
  wasm::ValType type;
  wasm::ValType type2; ///< br_on_cast*: the target reference type; ref.test/ref.cast: the tested type

  /// Block operators (block, loop, if, try_table, try) and `else`, `catch`, `catch_all`, `end`, `delegate`: the
  /// frame's.
  FrameKind frame = FrameKind::Block; ///< kind of the frame entered, or for end/else/catch/delegate of the one left
  /// Of the block's type; catch: params are the tag's.
  std::span<const wasm::ValType> params, results;
  /// br*, rethrow, delegate: types the target label takes (br_table: of the default).
  std::span<const wasm::ValType> label_types;
  bool hinted = false, likely = false; ///< branch hint on br_if / if
};

} // namespace trapeze::validate
