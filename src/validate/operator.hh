// One typed operator, as the validator hands it to its sink (the translator, or nothing).
//
// The walk decodes, checks and hands on each operator of a body once. A sink is any type with
//   void op(const Operator &o);       // called after o has been checked
// Unreachable operators are handed on too, marked: a sink normally skips all but block structure.
// Spans are valid during the call only.
#pragma once

#include "base/types.hh"
#include "wasm/opcodes.hh"
#include "wasm/types.hh"

#include <span>

namespace trapeze::validate {

enum class FrameKind : u8 { Function, Block, Loop, If, Else, TryTable, Try, Catch, CatchAll };

/// A clause of try_table. Spec: Structure, Instructions, catch.
struct CatchClause {
  u32 tag = ~0u; ///< ~0: catch_all
  bool with_ref = false;
  u32 label = 0; ///< relative to the context outside of the try_table
};

struct Operator {
  wasm::Opcode code{};
  u32 offset = 0;        ///< of the opcode, in the module
  bool reachable = true; ///< before the operator
  /// What a polymorphic operator works on: select, drop, local/global/table operators: the value's type;
  /// ref.*, br_on_*, call_ref: the operand reference's type.
  wasm::ValType type;
  /// Immediates, in the order of the binary format: local, global, function, table, memory, type, tag, label, segment.
  u32 index = 0, index2 = 0;
  u64 memory_offset = 0; ///< memarg: static offset; `index` is the memory
  u8 align_log2 = 0;
  u8 lane = 0;
  wasm::ValType type2;     ///< br_on_cast: the target reference type; ref.test/ref.cast: the tested type
  u64 bits = 0, bits2 = 0; ///< constants (i32 zero-extended, floats as bits; v128: low and high half)

  /// Block operators (block, loop, if, try_table, try) and `else`, `catch`, `catch_all`, `end`, `delegate`: the frame's.
  FrameKind frame = FrameKind::Block; ///< kind of the frame entered, or for end/else/catch/delegate of the one left
  std::span<const wasm::ValType> params, results;
  std::span<const u32> labels;        ///< br_table: targets, the default last
  std::span<const CatchClause> catches;
  /// br*, rethrow, delegate: types the target label takes (br_table: of the default).
  std::span<const wasm::ValType> label_types;
  bool hinted = false, likely = false; ///< branch hint on br_if / if
};

} // namespace trapeze::validate
