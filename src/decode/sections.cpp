// The sections that declare things: imports, functions, tables, memories, tags, globals, exports, start.
// Spec: Binary Format, Modules; Types, Limits.
#include "decode/decoder.hh"

#include "wasm/limits.hh"

#include <fmt/format.h>

namespace trapeze::decode {

using base::ByteReader;
using wasm::ExternKind;
using wasm::Feature;
using wasm::Limits;

u32 count(ByteReader &reader, u32 limit, const char *what) {
  const u64 offset = reader.offset();
  const u32 n = reader.leb_u32();
  if (n > limit) {
    // A length that the section could not hold is malformed whatever the limits are.
    if (n > reader.remaining())
      reader.set_error(offset, "length out of bounds");
    else
      reader.set_error(offset, fmt::format("too many {} (at most {})", what, limit), ErrorKind::Unsupported);
  }
  return n;
}

namespace {

constexpr u8 has_max_flag = 1, shared_flag = 2, is_64_flag = 4, page_size_flag = 8;

/// Flags as one byte, then minimum and maximum; `allowed`: the flags this kind of limits knows.
u8 limits(Decoder &d, ByteReader &reader, u8 allowed, Limits &out) {
  const u64 offset = reader.offset();
  const u8 flags = reader.u8_();
  if (flags & ~allowed) {
    const bool is_page_size = flags == (flags & (has_max_flag | shared_flag | is_64_flag | page_size_flag));
    reader.set_error(offset, allowed & shared_flag && is_page_size
                                 ? "malformed limits flags: " + wasm::disabled_message(Feature::CustomPageSizes)
                                 : "malformed limits flags");
    return 0;
  }
  if (flags & is_64_flag)
    require(reader, d.features, Feature::Memory64, offset);
  if (flags & shared_flag)
    require(reader, d.features, Feature::Threads, offset);
  out.has_max = flags & has_max_flag;
  out.is_64 = flags & is_64_flag;
  out.min = reader.leb_u64(); // 64 bits for all: what an address type cannot hold is invalid, not malformed
  if (out.has_max)
    out.max = reader.leb_u64();
  return flags;
}

wasm::TableType table_type(Decoder &d, ByteReader &reader) {
  wasm::TableType type;
  const u64 offset = reader.offset();
  if (reader.peek() == 0x70) // funcref is older than reference types
    reader.u8_();
  else {
    require(reader, d.features, Feature::ReferenceTypes, offset);
    type.element = ref_type(reader, d.features);
  }
  limits(d, reader, has_max_flag | is_64_flag, type.limits);
  return type;
}

wasm::MemoryType memory_type(Decoder &d, ByteReader &reader) {
  wasm::MemoryType type;
  const bool page_sizes = d.features.has(Feature::CustomPageSizes);
  const u8 flags =
      limits(d, reader, has_max_flag | shared_flag | is_64_flag | (page_sizes ? page_size_flag : 0), type.limits);
  type.is_shared = flags & shared_flag;
  if (flags & page_size_flag) {
    const u64 offset = reader.offset();
    const u32 log2 = reader.leb_u32();
    if (log2 > 64)
      reader.set_error(offset, "invalid custom page size");
    else if (log2 != 0 && log2 != 16)
      d.set_invalid(offset, "invalid custom page size");
    type.page_size_log2 = static_cast<u8>(log2);
  }
  return type;
}

wasm::GlobalType global_type(Decoder &d, ByteReader &reader) {
  wasm::GlobalType type;
  type.type = val_type(reader, d.features);
  const u64 offset = reader.offset();
  const u8 mutability = reader.u8_();
  if (mutability > 1)
    reader.set_error(offset, "malformed mutability");
  type.is_mutable = mutability == 1;
  return type;
}

wasm::TypeIndex tag_type(Decoder &d, ByteReader &reader) {
  const u64 offset = reader.offset();
  if (!d.features.has(Feature::LegacyExceptions))
    require(reader, d.features, Feature::Exceptions, offset);
  if (reader.u8_() != 0)
    reader.set_error(offset, "malformed tag attribute");
  return d.func_type_index(reader);
}

void import_item(Decoder &d, ByteReader &reader, wasm::Import &import) {
  wasm::Module &m = d.m;
  const u64 offset = reader.offset();
  const u8 kind = reader.u8_();
  import.kind = static_cast<ExternKind>(kind);
  if (kind == 0) {
    import.index = m.imported_funcs++;
    m.funcs.push_back({.type = d.func_type_index(reader), .body = {}, .is_imported = true});
  } else if (kind == 1) {
    import.index = m.imported_tables++;
    m.tables.push_back({.type = table_type(d, reader), .init = {}, .is_imported = true, .offset = offset});
  } else if (kind == 2) {
    import.index = m.imported_memories++;
    m.memories.push_back({.type = memory_type(d, reader), .is_imported = true, .offset = offset});
  } else if (kind == 3) {
    import.index = m.imported_globals++;
    m.globals.push_back({.type = global_type(d, reader), .init = {}, .is_imported = true, .offset = offset});
    if (m.globals.back().type.is_mutable)
      require(reader, d.features, Feature::MutableGlobals, offset);
  } else if (kind == 4) {
    import.index = m.imported_tags++;
    m.tags.push_back({.type = tag_type(d, reader), .is_imported = true});
  } else {
    reader.set_error(offset, "malformed import kind");
  }
}

} // namespace

void import_section(Decoder &d, ByteReader &reader) {
  const u32 n = count(reader, wasm::max_imports, "imports");
  for (u32 i = 0; i < n && !reader.failed(); ++i) {
    wasm::Import import;
    import.offset = reader.offset();
    import.module = reader.name();
    import.name = reader.name();
    import_item(d, reader, import);
    d.m.imports.push_back(import);
  }
}

void function_section(Decoder &d, ByteReader &reader) {
  const u32 n = count(reader, wasm::max_functions, "functions");
  d.m.funcs.reserve(d.m.funcs.size() + std::min<u64>(n, reader.remaining()));
  for (u32 i = 0; i < n && !reader.failed(); ++i)
    d.m.funcs.push_back({.type = d.func_type_index(reader), .body = {}});
}

void table_section(Decoder &d, ByteReader &reader) {
  const u32 n = count(reader, wasm::max_tables, "tables");
  for (u32 i = 0; i < n && !reader.failed(); ++i) {
    wasm::Table table;
    const u64 offset = reader.offset();
    table.offset = offset;
    const bool has_init = reader.peek() == 0x40;
    if (has_init) {
      require(reader, d.features, Feature::FunctionReferences, offset);
      reader.u8_();
      if (reader.u8_() != 0)
        reader.set_error(offset, "zero byte expected");
    }
    table.type = table_type(d, reader);
    if (has_init)
      table.init = d.const_expr(reader);
    d.m.tables.push_back(table);
  }
}

void memory_section(Decoder &d, ByteReader &reader) {
  const u32 n = count(reader, wasm::max_memories, "memories");
  for (u32 i = 0; i < n && !reader.failed(); ++i) {
    const u64 offset = reader.offset();
    d.m.memories.push_back({.type = memory_type(d, reader), .offset = offset});
  }
}

void tag_section(Decoder &d, ByteReader &reader) {
  const u32 n = count(reader, wasm::max_tags, "tags");
  for (u32 i = 0; i < n && !reader.failed(); ++i)
    d.m.tags.push_back({.type = tag_type(d, reader)});
}

void global_section(Decoder &d, ByteReader &reader) {
  const u32 n = count(reader, wasm::max_globals, "globals");
  for (u32 i = 0; i < n && !reader.failed(); ++i) {
    wasm::Global global;
    global.offset = reader.offset();
    global.type = global_type(d, reader);
    global.init = d.const_expr(reader);
    d.m.globals.push_back(global);
  }
}

void export_section(Decoder &d, ByteReader &reader) {
  const u32 n = count(reader, wasm::max_exports, "exports");
  d.m.exports.reserve(std::min<u64>(n, reader.remaining()));
  for (u32 i = 0; i < n && !reader.failed(); ++i) {
    wasm::Export item;
    item.offset = reader.offset();
    item.name = reader.name();
    const u64 offset = reader.offset();
    const u8 kind = reader.u8_();
    if (kind > 4)
      reader.set_error(offset, "malformed export kind");
    item.kind = static_cast<ExternKind>(kind);
    item.index = reader.leb_u32();
    if (item.kind == ExternKind::Func)
      d.declared.push_back(item.index);
    d.m.exports.push_back(item);
  }
}

void start_section(Decoder &d, ByteReader &reader) {
  d.m.has_start = true;
  d.m.start_offset = reader.offset();
  d.m.start = reader.leb_u32();
}

} // namespace trapeze::decode
