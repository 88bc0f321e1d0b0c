// A module from its bytes: header, sections in their order, the lengths that must agree, and what follows from all of
// it (canonical types, declared functions, names, hints). Spec: Binary Format, Modules.
#include "decode/canonical.hh"
#include "decode/custom.hh"
#include "decode/decode.hh"
#include "decode/decoder.hh"

#include <fmt/format.h>

namespace trapeze::decode {

using base::ByteReader;

namespace {

constexpr u8 custom_id = 0;

/// By section id; `rank` is the place in a module.
struct SectionRow {
  SectionReader read;
  u8 rank;
};

constexpr SectionRow section_rows[] = {
    {nullptr, 0},        {type_section, 1},   {import_section, 2},      {function_section, 3}, {table_section, 4},
    {memory_section, 5}, {global_section, 7}, {export_section, 8},      {start_section, 9},    {element_section, 10},
    {code_section, 12},  {data_section, 13},  {data_count_section, 11}, {tag_section, 6},
};

void header(ByteReader &reader) {
  const u32 magic = reader.u32_le();
  if (!reader.failed() && magic != 0x6d736100)
    return reader.set_error(0, "magic header not detected");
  const u32 version = reader.u32_le();
  if (!reader.failed() && version != 1)
    reader.set_error(4, "unknown binary version");
}

void custom_section(Decoder &d, ByteReader &contents, u8 after_section) {
  wasm::CustomSection section;
  section.name = contents.name();
  section.offset = contents.offset();
  section.bytes = contents.rest();
  section.after_section = after_section;
  contents.skip(contents.remaining());
  d.m.customs.push_back(section);
}

/// Reads one section; `last` is the id of the last one that was not custom.
void section(Decoder &d, ByteReader &reader, u8 &last) {
  const u64 offset = reader.offset();
  const u8 id = reader.u8_();
  if (id >= std::size(section_rows))
    return reader.set_error(offset, "malformed section id");
  const u64 size_offset = reader.offset();
  const u32 size = reader.leb_u32();
  if (size > reader.remaining())
    return reader.set_error(size_offset, "length out of bounds");
  const u64 start = reader.offset();
  ByteReader contents(reader.bytes(size), start);
  if (id == custom_id) {
    custom_section(d, contents, last);
  } else {
    if (section_rows[id].rank <= section_rows[last].rank)
      return reader.set_error(offset, "unexpected content after last section");
    last = id;
    section_rows[id].read(d, contents);
  }
  if (!contents.failed() && !contents.at_end())
    contents.set_error(contents.offset(), "section size mismatch");
  if (contents.failed())
    reader.set_error(contents.error().offset, contents.error().message, contents.error().kind);
}

void lengths(const Decoder &d, ByteReader &reader) {
  const wasm::Module &m = d.m;
  if (d.code_count != m.funcs.size() - m.imported_funcs)
    reader.set_error(reader.offset(), "function and code section have inconsistent lengths");
  if (m.has_data_count && m.data_count != m.datas.size())
    reader.set_error(reader.offset(), "data count and data section have inconsistent lengths");
}

/// Sections that inform only: one that is malformed is as if it were not there.
void informative_sections(Decoder &d) {
  bool has_names = false, has_hints = false;
  for (const wasm::CustomSection &section : d.m.customs) {
    if (section.name == name_section && !std::exchange(has_names, true)) {
      d.m.names = wasm::Names(section.bytes);
    } else if (section.name == branch_hint_section && d.features.has(wasm::Feature::BranchHints) &&
               !std::exchange(has_hints, true)) {
      if (auto result = branch_hints(section))
        d.m.branch_hints = std::move(*result);
    }
  }
}

} // namespace

namespace {

void sections(Decoder &d, ByteReader &reader, u8 &last) {
  while (!reader.at_end())
    section(d, reader, last);
}

/// What follows from all sections together.
Result<wasm::Module> finished(Decoder &d) {
  if (d.invalid)
    return std::unexpected(std::move(*d.invalid));
  canonicalise(d.m);
  for (const u32 func : d.declared)
    if (func < d.m.funcs.size())
      d.m.funcs[func].is_declared = true;
  informative_sections(d);
  return std::move(d.m);
}

} // namespace

Result<wasm::Module> module(std::shared_ptr<const std::vector<u8>> bytes, const wasm::Features &features) {
  if (bytes->size() > ~u32{0})
    return fail(ErrorKind::Unsupported, 0, "module is larger than 4 GiB");
  Decoder d(features);
  ByteReader reader(*bytes);
  d.m.bytes = std::move(bytes);
  header(reader);
  u8 last = custom_id;
  sections(d, reader, last);
  if (!reader.failed())
    lengths(d, reader);
  TRY(reader.status());
  return finished(d);
}

Result<wasm::Module> structure(std::span<const u8> front, std::span<const u8> rest, u64 rest_offset,
                               const wasm::Features &features) {
  constexpr u8 code_section = 10;
  Decoder d(features);
  ByteReader before(front), behind(rest, rest_offset);
  header(before);
  u8 last = custom_id;
  sections(d, before, last);
  TRY(before.status());
  if (d.m.funcs.size() != d.m.imported_funcs) {
    d.code_count = static_cast<u32>(d.m.funcs.size()) - d.m.imported_funcs;
    last = code_section;
  }
  sections(d, behind, last);
  if (!behind.failed())
    lengths(d, behind);
  TRY(behind.status());
  return finished(d);
}

} // namespace trapeze::decode
