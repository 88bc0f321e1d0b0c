// Code, element and data sections, and the extent of constant expressions.
// Spec: Binary Format, Modules, Element Section, Code Section, Data Section.
#include "decode/decoder.hh"

#include "wasm/limits.hh"

namespace trapeze::decode {

using base::ByteReader;
using wasm::Feature;
using wasm::HeapKind;
using wasm::Opcode;
using wasm::SegmentMode;
using wasm::ValType;

namespace {

bool opens_block(Opcode code) {
  return code == Opcode::Block || code == Opcode::Loop || code == Opcode::If || code == Opcode::Try ||
         code == Opcode::TryTable;
}

/// Flags of an element segment: bit 0 not active, bit 1 explicit table (active) or declarative, bit 2 expressions.
constexpr u32 not_active_flag = 1, explicit_flag = 2, exprs_flag = 4;

void element_type(Decoder &d, ByteReader &reader, u32 flags, wasm::ElementSegment &segment) {
  const bool has_exprs = flags & exprs_flag;
  segment.type = has_exprs ? wasm::funcref_type : ValType::ref({HeapKind::Func}, false);
  if (!(flags & (not_active_flag | explicit_flag)))
    return;
  if (has_exprs) {
    segment.type = ref_type(reader, d.features);
  } else {
    const u64 offset = reader.offset();
    if (reader.u8_() != 0)
      reader.set_error(offset, "malformed element kind");
  }
}

void element_segment(Decoder &d, ByteReader &reader, wasm::ElementSegment &segment) {
  const u64 offset = reader.offset();
  segment.at = offset;
  const u32 flags = reader.leb_u32();
  if (flags > 7)
    return reader.set_error(offset, "malformed elements segment kind");
  if (flags != 0 && !d.features.has(Feature::ReferenceTypes))
    require(reader, d.features, Feature::BulkMemory, offset);
  if (flags & not_active_flag) {
    segment.mode = flags & explicit_flag ? SegmentMode::Declarative : SegmentMode::Passive;
  } else {
    segment.mode = SegmentMode::Active;
    segment.table = flags & explicit_flag ? reader.leb_u32() : 0;
    segment.offset = d.const_expr(reader);
  }
  element_type(d, reader, flags, segment);
  const u32 n = count(reader, wasm::max_segments, "elements");
  for (u32 i = 0; i < n && !reader.failed(); ++i) {
    if (flags & exprs_flag) {
      segment.exprs.push_back(d.const_expr(reader));
    } else {
      segment.funcs.push_back(reader.leb_u32());
      d.declared.push_back(segment.funcs.back());
    }
  }
}

void data_segment(Decoder &d, ByteReader &reader, wasm::DataSegment &segment) {
  const u64 offset = reader.offset();
  segment.at = offset;
  const u32 flags = reader.leb_u32();
  if (flags > 2)
    return reader.set_error(offset, "malformed data segment kind");
  if (flags == 1) {
    require(reader, d.features, Feature::BulkMemory, offset);
  } else {
    segment.mode = SegmentMode::Active;
    segment.memory = flags == 2 ? reader.leb_u32() : 0;
    segment.offset = d.const_expr(reader);
  }
  const u64 length_offset = reader.offset();
  const u32 length = reader.leb_u32();
  if (length > reader.remaining())
    reader.set_error(length_offset, "unexpected end of section or function");
  segment.bytes = reader.bytes(length);
}

} // namespace

wasm::ConstExpr Decoder::const_expr(ByteReader &reader) {
  const auto bytes = reader.rest();
  const u64 offset = reader.offset();
  instructions.start({bytes, offset});
  Instruction instruction;
  u32 depth = 0;
  while (instructions.next(instruction)) {
    if (instruction.code == Opcode::RefFunc)
      declared.push_back(instruction.index);
    depth += opens_block(instruction.code);
    if (instruction.code != Opcode::End && instruction.code != Opcode::Delegate)
      continue;
    if (depth == 0) {
      const u64 length = instructions.reader().position();
      reader.skip(length);
      return {bytes.first(length), offset};
    }
    --depth;
  }
  const ByteReader &inner = instructions.reader();
  if (inner.failed())
    reader.set_error(inner.error().offset, inner.error().message, inner.error().kind);
  else
    reader.set_error(inner.offset(), "unexpected end of section or function");
  return {};
}

void element_section(Decoder &d, ByteReader &reader) {
  const u32 n = count(reader, wasm::max_segments, "element segments");
  for (u32 i = 0; i < n && !reader.failed(); ++i)
    element_segment(d, reader, d.m.elements.emplace_back());
}

void data_count_section(Decoder &d, ByteReader &reader) {
  require(reader, d.features, Feature::BulkMemory, reader.offset());
  d.m.has_data_count = true;
  d.m.data_count = reader.leb_u32();
}

void code_section(Decoder &d, ByteReader &reader) {
  wasm::Module &m = d.m;
  d.code_count = reader.leb_u32();
  for (u32 i = 0; i < d.code_count && !reader.failed(); ++i) {
    const u32 func = m.imported_funcs + i;
    if (func >= m.funcs.size())
      return reader.set_error(reader.offset(), "function and code section have inconsistent lengths");
    const u64 size_offset = reader.offset();
    const u32 size = reader.leb_u32();
    if (size > wasm::max_body_size && size <= reader.remaining())
      return reader.set_error(size_offset, "function body is too large", ErrorKind::Unsupported);
    const u64 offset = reader.offset();
    m.funcs[func].body = {reader.bytes(size), offset};
  }
}

void data_section(Decoder &d, ByteReader &reader) {
  const u32 n = count(reader, wasm::max_segments, "data segments");
  for (u32 i = 0; i < n && !reader.failed(); ++i)
    data_segment(d, reader, d.m.datas.emplace_back());
}

} // namespace trapeze::decode
