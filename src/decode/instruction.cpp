// Opcodes and immediates. Spec: Binary Format, Instructions and Types.
//
// Which of the 40-odd kinds of immediates follows an opcode stands in opcodes.def.
#include "decode/instruction.hh"

#include "base/assert.hh"
#include "wasm/limits.hh"

#include <fmt/format.h>

namespace trapeze::decode {

using base::ByteReader;
using wasm::Feature;
using wasm::Features;
using wasm::HeapKind;
using wasm::HeapType;
using wasm::Imm;
using wasm::Opcode;
using wasm::ValKind;
using wasm::ValType;

bool require(ByteReader &reader, const Features &features, Feature feature, u64 offset) {
  if (features.has(feature)) [[likely]]
    return true;
  reader.set_error(offset, wasm::disabled_message(feature), ErrorKind::Unsupported);
  return false;
}

namespace {

constexpr u8 first_abstract = 0x69, last_abstract = 0x74;
constexpr u8 ref_code = 0x64, ref_null_code = 0x63;

struct AbstractRow {
  HeapKind kind;
  Feature feature;
};

/// By code, from 0x69 (exn) to 0x74 (noexn).
constexpr AbstractRow abstract_rows[] = {
    {HeapKind::Exn, Feature::Exceptions},
    {HeapKind::Array, Feature::Gc},
    {HeapKind::Struct, Feature::Gc},
    {HeapKind::I31, Feature::Gc},
    {HeapKind::Eq, Feature::Gc},
    {HeapKind::Any, Feature::Gc},
    {HeapKind::Extern, Feature::ReferenceTypes},
    {HeapKind::Func, Feature::ReferenceTypes},
    {HeapKind::None, Feature::Gc},
    {HeapKind::NoExtern, Feature::Gc},
    {HeapKind::NoFunc, Feature::Gc},
    {HeapKind::NoExn, Feature::Exceptions},
};

bool is_abstract(u8 code) { return code >= first_abstract && code <= last_abstract; }

HeapType abstract(ByteReader &reader, const Features &features, u8 code, u64 offset) {
  const AbstractRow &row = abstract_rows[code - first_abstract];
  require(reader, features, row.feature, offset);
  return {row.kind};
}

ValType reference(ByteReader &reader, const Features &features, u8 code, u64 offset) {
  if (is_abstract(code))
    return ValType::ref(abstract(reader, features, code, offset), true);
  require(reader, features, Feature::FunctionReferences, offset);
  return ValType::ref(heap_type(reader, features), code == ref_null_code);
}

} // namespace

HeapType heap_type(ByteReader &reader, const Features &features) {
  const u64 offset = reader.offset();
  if (const u8 code = reader.peek(); is_abstract(code)) {
    reader.u8_();
    return abstract(reader, features, code, offset);
  }
  const i64 index = reader.leb_s33();
  if (index < 0) {
    reader.set_error(offset, "malformed heap type");
    return {};
  }
  require(reader, features, Feature::FunctionReferences, offset);
  return {HeapKind::Concrete, static_cast<wasm::TypeIndex>(index)};
}

ValType ref_type(ByteReader &reader, const Features &features) {
  const u64 offset = reader.offset();
  const u8 code = reader.u8_();
  if (!is_abstract(code) && code != ref_code && code != ref_null_code) {
    reader.set_error(offset, "malformed reference type");
    return wasm::funcref_type;
  }
  return reference(reader, features, code, offset);
}

ValType val_type(ByteReader &reader, const Features &features) {
  const u64 offset = reader.offset();
  const u8 code = reader.u8_();
  if (code <= 0x7f && code >= 0x7b) {
    if (code == 0x7b)
      require(reader, features, Feature::Simd, offset);
    return static_cast<ValKind>(0x7f - code);
  }
  if (!is_abstract(code) && code != ref_code && code != ref_null_code) {
    reader.set_error(offset, "malformed value type");
    return {};
  }
  return reference(reader, features, code, offset);
}

/// After `byte`, which is no operator of its own: a prefix, or nothing.
Opcode InstructionReader::prefixed_opcode(u8 byte) {
  const u64 offset = reader_.offset() - 1;
  if (byte < 0xfb || byte > 0xfe) {
    reader_.set_error(offset, fmt::format("illegal opcode {:02x}", byte));
    return wasm::no_opcode;
  }
  const u32 number = reader_.leb_u32();
  const Opcode code = number > 0xffff ? wasm::no_opcode : wasm::find_opcode(u32{byte} << 16 | number);
  if (code == wasm::no_opcode)
    reader_.set_error(offset, fmt::format("illegal opcode {:02x} {:02x}", byte, number));
  return code;
}

bool InstructionReader::next(Instruction &out) {
  if (reader_.at_end()) [[unlikely]]
    return false;
  out.offset = static_cast<u32>(reader_.offset());
  const u8 byte = reader_.u8_();
  out.code = wasm::find_one_byte_opcode(byte);
  if (out.code == wasm::no_opcode)
    out.code = prefixed_opcode(byte);
  if (out.code == wasm::no_opcode) [[unlikely]]
    return false;
  const wasm::OpcodeRow &row = wasm::row(out.code);
  // Both exception proposals have throw and tags.
  if (!features_.has(row.feature) && !(out.code == Opcode::Throw && features_.has(Feature::LegacyExceptions)))
      [[unlikely]]
    return require(reader_, features_, row.feature, out.offset);
  if (row.imm != Imm::None)
    read_immediates(row.imm, out);
  return !reader_.failed();
}

void InstructionReader::memarg(Instruction &out) {
  const u64 offset = reader_.offset();
  const u32 flags = reader_.leb_u32();
  if (flags >= 0x80)
    reader_.set_error(offset, "malformed memop flags");
  out.align_log2 = flags & 0x3f;
  out.index = 0;
  if (flags & 0x40) {
    require(reader_, features_, Feature::MultiMemory, offset);
    out.index = reader_.leb_u32();
  }
  out.memory_offset = reader_.leb_u64();
}

void InstructionReader::block_type(BlockType &out) {
  const u64 offset = reader_.offset();
  const u8 code = reader_.peek();
  if (code == 0x40) {
    reader_.u8_();
    out.kind = BlockType::Kind::Empty;
  } else if (code >= 0x40 && code < 0x80) {
    out.kind = BlockType::Kind::Value;
    out.value = val_type(reader_, features_);
  } else {
    out.kind = BlockType::Kind::Type;
    const i64 index = reader_.leb_s33();
    if (index < 0)
      reader_.set_error(offset, "malformed block type");
    out.type = static_cast<u32>(index);
    require(reader_, features_, Feature::MultiValue, offset);
  }
}

void InstructionReader::label_table(Instruction &out) {
  const u64 offset = reader_.offset();
  const u32 count = reader_.leb_u32();
  if (count > reader_.remaining())
    return reader_.set_error(offset, "unexpected end of section or function");
  if (count > wasm::max_br_table_size)
    return reader_.set_error(offset, "br_table is too large", ErrorKind::Unsupported);
  labels_.clear();
  for (u32 i = 0; i <= count; ++i)
    labels_.push_back(reader_.leb_u32());
  out.labels = labels_;
}

void InstructionReader::try_table(Instruction &out) {
  block_type(out.block);
  const u32 count = reader_.leb_u32();
  catches_.clear();
  for (u32 i = 0; i < count && !reader_.failed(); ++i) {
    const u64 offset = reader_.offset();
    const u8 kind = reader_.u8_();
    if (kind > 3)
      return reader_.set_error(offset, "malformed catch clause");
    CatchClause clause;
    if (kind < 2)
      clause.tag = reader_.leb_u32();
    clause.with_ref = kind & 1;
    clause.label = reader_.leb_u32();
    catches_.push_back(clause);
  }
  out.catches = catches_;
}

void InstructionReader::select_types(Instruction &out) {
  const u32 count = reader_.leb_u32();
  types_.clear();
  for (u32 i = 0; i < count && !reader_.failed(); ++i)
    types_.push_back(val_type(reader_, features_));
  out.types = types_;
}

void InstructionReader::cast_branch(Instruction &out) {
  const u64 offset = reader_.offset();
  const u8 flags = reader_.u8_();
  if (flags > 3)
    return reader_.set_error(offset, "malformed br_on_cast flags");
  out.index = reader_.leb_u32();
  out.heap = ValType::ref(heap_type(reader_, features_), flags & 1);
  out.heap2 = ValType::ref(heap_type(reader_, features_), flags & 2);
}

void InstructionReader::tested_type(Instruction &out) {
  const bool takes_null = out.code == Opcode::RefTestNull || out.code == Opcode::RefCastNull;
  out.heap = ValType::ref(heap_type(reader_, features_), takes_null);
}

void InstructionReader::fence(const Instruction &out) {
  if (reader_.u8_() != 0)
    reader_.set_error(out.offset, "zero byte expected");
}

void InstructionReader::wide_constant(Instruction &out) {
  out.bits = reader_.u64_le();
  out.bits2 = reader_.u64_le();
}

namespace {

template <typename... Imms> constexpr u64 set(Imms... imms) { return ((u64{1} << static_cast<u32>(imms)) | ...); }
constexpr bool contains(u64 set, Imm imm) { return set >> static_cast<u32>(imm) & 1; }
static_assert(static_cast<u32>(Imm::MemArgLane3) < 64);

/// Most kinds are one index, or two.
constexpr u64 one_index = set(Imm::Label, Imm::Func, Imm::Type, Imm::Local, Imm::Global, Imm::Table, Imm::Elem,
                              Imm::Data, Imm::Memory, Imm::Tag, Imm::Delegate, Imm::Rethrow);
constexpr u64 two_indices = set(Imm::TypeTable, Imm::TypeField, Imm::TypeCount, Imm::TypeData, Imm::TypeElem,
                                Imm::TypeType, Imm::TableTable, Imm::ElemTable, Imm::MemoryMemory, Imm::DataMemory);

} // namespace

/// Which fields each kind of immediates sets.
void InstructionReader::read_immediates(Imm imm, Instruction &out) {
  if (contains(one_index, imm)) {
    out.index = reader_.leb_u32();
  } else if (contains(two_indices, imm)) {
    out.index = reader_.leb_u32();
    out.index2 = reader_.leb_u32();
  } else if (imm >= Imm::MemArg0) {
    memarg(out);
    if (imm >= Imm::MemArgLane0)
      out.lane = reader_.u8_();
  } else {
    read_other_immediates(imm, out);
  }
}

void InstructionReader::read_other_immediates(Imm imm, Instruction &out) {
  switch (imm) {
  case Imm::Block:
    return block_type(out.block);
  case Imm::I32:
    out.bits = static_cast<u32>(reader_.leb_s32());
    return;
  case Imm::I64:
    out.bits = static_cast<u64>(reader_.leb_s64());
    return;
  case Imm::F32:
    out.bits = reader_.u32_le();
    return;
  case Imm::F64:
    out.bits = reader_.u64_le();
    return;
  case Imm::V128:
  case Imm::Shuffle:
    return wide_constant(out);
  case Imm::Lane:
    out.lane = reader_.u8_();
    return;
  case Imm::LabelTable:
    return label_table(out);
  case Imm::Heap:
    out.heap = ValType::ref(heap_type(reader_, features_), true);
    return;
  case Imm::RefType:
    return tested_type(out);
  case Imm::CastBranch:
    return cast_branch(out);
  case Imm::SelectTypes:
    return select_types(out);
  case Imm::TryTable:
    return try_table(out);
  case Imm::Fence:
    return fence(out);
  default:
    ASSERT(imm == Imm::None);
  }
}

} // namespace trapeze::decode
