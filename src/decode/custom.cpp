// Branch hints. A section that does not decode is as if it were not there: callers drop the error, except
// custom_sections(), which reports it, and what is wrong with a name section.
#include "decode/custom.hh"

#include "decode/decode.hh"
#include "decode/instruction.hh"

#include <utility>

namespace trapeze::decode {

using base::ByteReader;

namespace {

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
      TRY(wasm::check_names(section.bytes, section.offset));
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
