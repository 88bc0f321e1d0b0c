// The type section. Spec: Binary Format, Types: recursive types, sub types, composite types.
#include "decode/decoder.hh"

#include "wasm/limits.hh"

#include <fmt/format.h>

namespace trapeze::decode {

using base::ByteReader;
using wasm::CompositeKind;
using wasm::Feature;
using wasm::FieldType;
using wasm::SubType;

namespace {

constexpr u8 rec_code = 0x4e, sub_final_code = 0x4f, sub_code = 0x50;
constexpr u8 func_code = 0x60, struct_code = 0x5f, array_code = 0x5e;
constexpr u8 packed_i8_code = 0x78, packed_i16_code = 0x77;

std::vector<wasm::ValType> result_type(Decoder &d, ByteReader &reader, u32 limit, const char *what) {
  const u32 n = count(reader, limit, what);
  std::vector<wasm::ValType> types;
  types.reserve(std::min<u64>(n, reader.remaining()));
  for (u32 i = 0; i < n && !reader.failed(); ++i)
    types.push_back(val_type(reader, d.features));
  return types;
}

FieldType field_type(Decoder &d, ByteReader &reader) {
  FieldType field;
  const u8 code = reader.peek();
  if (code == packed_i8_code || code == packed_i16_code) {
    reader.u8_();
    field.packed = code == packed_i8_code ? FieldType::Packed::I8 : FieldType::Packed::I16;
  } else {
    field.type = val_type(reader, d.features);
  }
  const u64 offset = reader.offset();
  const u8 mutability = reader.u8_();
  if (mutability > 1)
    reader.set_error(offset, "malformed mutability");
  field.is_mutable = mutability == 1;
  return field;
}

void composite_type(Decoder &d, ByteReader &reader, SubType &type) {
  const u64 offset = reader.offset();
  const u8 code = reader.u8_();
  if (code == func_code) {
    type.kind = CompositeKind::Func;
    type.func.params = result_type(d, reader, wasm::max_params, "parameters");
    type.func.results = result_type(d, reader, wasm::max_results, "results");
    if (type.func.results.size() > 1)
      require(reader, d.features, Feature::MultiValue, offset);
  } else if (code == struct_code) {
    require(reader, d.features, Feature::Gc, offset);
    type.kind = CompositeKind::Struct;
    const u32 n = count(reader, wasm::max_fields, "fields");
    for (u32 i = 0; i < n && !reader.failed(); ++i)
      type.fields.push_back(field_type(d, reader));
  } else if (code == array_code) {
    require(reader, d.features, Feature::Gc, offset);
    type.kind = CompositeKind::Array;
    type.fields.push_back(field_type(d, reader));
  } else {
    reader.set_error(offset, "malformed definition type");
  }
}

void sub_type(Decoder &d, ByteReader &reader, SubType &type) {
  const u64 offset = reader.offset();
  const u8 code = reader.peek();
  if (code == sub_code || code == sub_final_code) {
    require(reader, d.features, Feature::Gc, offset);
    reader.u8_();
    type.is_final = code == sub_final_code;
    const u32 supers = reader.leb_u32();
    for (u32 i = 0; i < supers && !reader.failed(); ++i)
      type.super = static_cast<wasm::TypeIndex>(reader.leb_u32());
    type.has_super = supers > 0;
    if (supers > 1)
      d.set_invalid(offset, "sub type with more than one super type");
  }
  composite_type(d, reader, type);
}

void recursive_type(Decoder &d, ByteReader &reader) {
  const u64 offset = reader.offset();
  const u32 first = static_cast<u32>(d.m.types.size());
  u32 size = 1;
  if (reader.peek() == rec_code) {
    require(reader, d.features, Feature::Gc, offset);
    reader.u8_();
    size = count(reader, wasm::max_types - first, "types");
  }
  for (u32 i = 0; i < size && !reader.failed(); ++i) {
    SubType &type = d.m.types.emplace_back();
    type.group_first = first;
    type.group_size = size;
    type.offset = reader.offset();
    sub_type(d, reader, type);
  }
}

} // namespace

void type_section(Decoder &d, ByteReader &reader) {
  const u32 n = count(reader, wasm::max_types, "types");
  d.m.types.reserve(std::min<u64>(n, reader.remaining()));
  for (u32 i = 0; i < n && !reader.failed(); ++i) {
    if (d.m.types.size() >= wasm::max_types)
      return reader.set_error(reader.offset(), "too many types", ErrorKind::Unsupported);
    recursive_type(d, reader);
  }
}

wasm::TypeIndex Decoder::func_type_index(ByteReader &reader) {
  const u64 offset = reader.offset();
  const u32 index = reader.leb_u32();
  if (index >= m.types.size() || m.types[index].kind != CompositeKind::Func)
    set_invalid(offset, fmt::format("unknown type {}", index));
  return static_cast<wasm::TypeIndex>(index);
}

} // namespace trapeze::decode
