// One instruction as the binary format has it: opcode and immediates, before any typing. The validator walks
// bodies with it, the printer prints from it, and the decoder skips over constant expressions with it.
// Spec: Binary Format, Instructions.
//
// Invariant: after next() only `code`, `offset` and the fields that the row's `imm` names are set; the others keep what
// an earlier instruction left, so that reading costs what the instruction holds. Which fields: see each Imm at
// read_immediates in instruction.cpp. Spans live until the next call of next().
#pragma once

#include "base/byte_reader.hh"
#include "base/result.hh"
#include "wasm/features.hh"
#include "wasm/module.hh"
#include "wasm/opcodes.hh"
#include "wasm/types.hh"

#include <span>
#include <vector>

namespace trapeze::decode {

struct BlockType {
  enum class Kind : u8 { Empty, Value, Type };
  Kind kind = Kind::Empty;
  wasm::ValType value; ///< Value: the one result
  u32 type = 0;        ///< Type: a type index
};

/// A clause of try_table. Spec: Structure, Instructions, catch.
struct CatchClause {
  u32 tag = ~0u; ///< ~0: catch_all
  bool with_ref = false;
  u32 label = 0; ///< relative to the context outside of the try_table
};

struct Instruction {
  wasm::Opcode code{};
  u32 offset = 0; ///< of the opcode, in the module
  /// Immediates in the order of the binary format: local, global, function, table, memory, type, tag, label, segment,
  /// field, count. Memory operators: `index` is the memory.
  u32 index = 0, index2 = 0;
  u64 memory_offset = 0; ///< memarg: static offset
  u8 align_log2 = 0;
  u8 lane = 0;
  u64 bits = 0, bits2 = 0; ///< constants (i32 zero-extended, floats as bits; v128 and shuffle lanes: low and high half)
  BlockType block;
  wasm::ValType heap;  ///< ref.null: nullable; ref.test, ref.cast: the tested type; br_on_cast*: the source
  wasm::ValType heap2; ///< br_on_cast*: the target
  std::span<const wasm::ValType> types; ///< select t
  std::span<const u32> labels;          ///< br_table: targets, the default last
  std::span<const CatchClause> catches;
};

class InstructionReader {
public:
  explicit InstructionReader(const wasm::Features &features) : features_(features) {}

  void start(wasm::BodySpan span) { reader_ = base::ByteReader(span.bytes, span.offset); }
  /// Reads the next instruction; false at the end of the bytes and after an error (reader().failed()).
  bool next(Instruction &out);
  base::ByteReader &reader() { return reader_; }
  const wasm::Features &features() const { return features_; }

private:
  wasm::Opcode prefixed_opcode(u8 byte);
  void read_immediates(wasm::Imm imm, Instruction &out);
  void read_other_immediates(wasm::Imm imm, Instruction &out);
  void memarg(Instruction &out);
  void tested_type(Instruction &out);
  void fence(const Instruction &out);
  void block_type(BlockType &out);
  void label_table(Instruction &out);
  void try_table(Instruction &out);
  void select_types(Instruction &out);
  void cast_branch(Instruction &out);
  void wide_constant(Instruction &out);

  base::ByteReader reader_{{}};
  const wasm::Features &features_;
  std::vector<u32> labels_;
  std::vector<CatchClause> catches_;
  std::vector<wasm::ValType> types_;
};

/// Types as sections and instructions hold them; errors are the reader's.
wasm::ValType val_type(base::ByteReader &reader, const wasm::Features &features);
wasm::ValType ref_type(base::ByteReader &reader, const wasm::Features &features);
wasm::HeapType heap_type(base::ByteReader &reader, const wasm::Features &features);
/// Reports that `feature` is off, unless it is on.
bool require(base::ByteReader &reader, const wasm::Features &features, wasm::Feature feature, u64 offset);

} // namespace trapeze::decode
