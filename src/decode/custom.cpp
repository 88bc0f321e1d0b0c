// Name section and branch hints. A section that does not decode is as if it were not there: callers drop the error,
// except custom_sections(), which reports it.
#include "decode/custom.hh"

#include "decode/decode.hh"
#include "decode/instruction.hh"

#include <algorithm>

namespace trapeze::decode {

using base::ByteReader;
using wasm::IndirectNameMap;
using wasm::NameMap;

namespace {

/// Indices of a map must increase: what makes it a map, and searchable.
template <typename Entries> void check_order(ByteReader &reader, const Entries &entries, u32 index, u64 offset) {
  if (!entries.empty() && entries.back().first >= index)
    reader.set_error(offset, "indices of a name map must increase");
}

NameMap name_map(ByteReader &reader) {
  NameMap map;
  const u32 count = reader.leb_u32();
  for (u32 i = 0; i < count && !reader.failed(); ++i) {
    const u64 offset = reader.offset();
    const u32 index = reader.leb_u32();
    check_order(reader, map.entries, index, offset);
    map.entries.emplace_back(index, reader.name());
  }
  return map;
}

IndirectNameMap indirect_name_map(ByteReader &reader) {
  IndirectNameMap map;
  const u32 count = reader.leb_u32();
  for (u32 i = 0; i < count && !reader.failed(); ++i) {
    const u64 offset = reader.offset();
    const u32 index = reader.leb_u32();
    check_order(reader, map.entries, index, offset);
    map.entries.emplace_back(index, name_map(reader));
  }
  return map;
}

/// Subsections 1 to 11 by id; a null row is an indirect map.
struct NameRow {
  NameMap wasm::Names::*plain;
  IndirectNameMap wasm::Names::*indirect;
};

constexpr NameRow name_rows[] = {
    {nullptr, nullptr},
    {&wasm::Names::funcs, nullptr},
    {nullptr, &wasm::Names::locals},
    {nullptr, &wasm::Names::labels},
    {&wasm::Names::types, nullptr},
    {&wasm::Names::tables, nullptr},
    {&wasm::Names::memories, nullptr},
    {&wasm::Names::globals, nullptr},
    {&wasm::Names::elements, nullptr},
    {&wasm::Names::datas, nullptr},
    {nullptr, &wasm::Names::fields},
    {&wasm::Names::tags, nullptr},
};

void name_subsection(u8 id, ByteReader &reader, wasm::Names &names) {
  if (id == 0) {
    names.module = reader.name();
  } else if (id < std::size(name_rows)) {
    const NameRow &row = name_rows[id];
    if (row.plain)
      names.*row.plain = name_map(reader);
    else
      names.*row.indirect = indirect_name_map(reader);
  } else {
    return; // a later edition's
  }
  if (!reader.at_end())
    reader.set_error(reader.offset(), "name subsection size mismatch");
}

wasm::FuncBranchHints func_hints(ByteReader &reader) {
  wasm::FuncBranchHints result;
  result.func = reader.leb_u32();
  const u32 count = reader.leb_u32();
  for (u32 i = 0; i < count && !reader.failed(); ++i) {
    const u64 at = reader.offset();
    const u32 offset = reader.leb_u32();
    const u32 size = reader.leb_u32();
    const u8 value = reader.u8_();
    if (size != 1 || value > 1)
      reader.set_error(at, "@metadata.code.branch_hint annotation: malformed hint");
    else if (!result.hints.empty() && result.hints.back().offset >= offset)
      reader.set_error(at, "@metadata.code.branch_hint annotation: duplicate annotation");
    result.hints.push_back({offset, value == 1});
  }
  return result;
}

} // namespace

Result<wasm::Names> names(const wasm::CustomSection &section) {
  wasm::Names result;
  ByteReader reader(section.bytes, section.offset);
  int last = -1;
  while (!reader.at_end()) {
    const u64 offset = reader.offset();
    const u8 id = reader.u8_();
    const u32 size = reader.leb_u32();
    const u64 start = reader.offset();
    ByteReader contents(reader.bytes(size), start);
    if (id <= last)
      reader.set_error(offset, "name subsections must stand in order");
    last = id;
    name_subsection(id, contents, result);
    TRY(contents.status());
  }
  TRY(reader.status());
  return result;
}

Result<std::vector<wasm::FuncBranchHints>> branch_hints(const wasm::CustomSection &section) {
  std::vector<wasm::FuncBranchHints> result;
  ByteReader reader(section.bytes, section.offset);
  const u32 count = reader.leb_u32();
  for (u32 i = 0; i < count && !reader.failed(); ++i) {
    const u64 offset = reader.offset();
    result.push_back(func_hints(reader));
    if (i > 0 && result[i - 1].func >= result[i].func)
      reader.set_error(offset, "@metadata.code.branch_hint annotation: functions must stand in order");
  }
  if (!reader.at_end())
    reader.set_error(reader.offset(), "@metadata.code.branch_hint annotation: section size mismatch");
  TRY(reader.status());
  return result;
}

namespace {

std::unexpected<Error> invalid_target(const wasm::CustomSection &section) {
  return fail(ErrorKind::Invalid, section.offset, "@metadata.code.branch_hint annotation: invalid target");
}

/// Whether every hint of one function stands at a br_if or if. Both sides are sorted by offset: one walk.
Result<void> check_targets(const wasm::Module &m, const wasm::Features &features, const wasm::FuncBranchHints &hints,
                           const wasm::CustomSection &section) {
  if (hints.func >= m.funcs.size() || m.funcs[hints.func].is_imported)
    return invalid_target(section);
  const wasm::BodySpan &body = m.funcs[hints.func].body;
  InstructionReader instructions(features);
  instructions.start(body);
  ByteReader &reader = instructions.reader();
  const u32 runs = reader.leb_u32();
  for (u32 i = 0; i < runs && !reader.failed(); ++i) {
    reader.leb_u32();
    val_type(reader, features);
  }
  Instruction instruction;
  auto hint = hints.hints.begin();
  while (hint != hints.hints.end() && instructions.next(instruction)) {
    const u64 offset = instruction.offset - body.offset;
    if (offset < hint->offset)
      continue;
    const bool may_be_hinted = instruction.code == wasm::Opcode::BrIf || instruction.code == wasm::Opcode::If;
    if (offset > hint->offset || !may_be_hinted)
      return fail(ErrorKind::Invalid, instruction.offset, "@metadata.code.branch_hint annotation: invalid target");
    ++hint;
  }
  if (hint != hints.hints.end())
    return invalid_target(section);
  return {};
}

} // namespace

Result<void> custom_sections(const wasm::Module &m, const wasm::Features &features) {
  bool seen_names = false, seen_hints = false;
  for (const wasm::CustomSection &section : m.customs) {
    if (section.name == name_section) {
      if (std::exchange(seen_names, true))
        return fail(ErrorKind::Malformed, section.offset, "@name annotation: multiple name sections");
      TRY(names(section));
    } else if (section.name == branch_hint_section && features.has(wasm::Feature::BranchHints)) {
      if (std::exchange(seen_hints, true))
        return fail(ErrorKind::Malformed, section.offset, "@metadata.code.branch_hint annotation: multiple sections");
      constexpr u8 code_section = 10;
      if (section.after_section == code_section || section.after_section == 11)
        return fail(ErrorKind::Malformed, section.offset,
                    "@metadata.code.branch_hint annotation: section must precede the code section");
      for (const wasm::FuncBranchHints &hints : TRY_VALUE(branch_hints(section)))
        TRY(check_targets(m, features, hints, section));
    }
  }
  return {};
}

} // namespace trapeze::decode
