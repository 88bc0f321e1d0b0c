// opcodes.def as tables, and the two ways into them: by code and by mnemonic. Both are built at compile time.
#include "wasm/opcodes.hh"

#include <array>

namespace trapeze::wasm {

#define OP(id, code, text, imm, sig, feature) {code, text, Imm::imm, sig, Feature::feature},
constexpr OpcodeRow opcode_rows[opcode_count] = {
#include "wasm/opcodes.def"
};

namespace {

/// Prefixed opcodes: one run of numbers per prefix, from 0xfb to 0xfe.
constexpr u32 prefix_sizes[] = {0x20, 0x20, 0x120, 0x50};
constexpr u32 prefix_starts[] = {0, 0x20, 0x40, 0x160, 0x1b0};

constexpr auto prefixed_opcodes = [] {
  std::array<Opcode, prefix_starts[4]> table{};
  table.fill(no_opcode);
  for (u32 i = 0; i < opcode_count; ++i)
    if (const u32 code = opcode_rows[i].code; code > 0xff)
      table.at(prefix_starts[(code >> 16) - 0xfb] + (code & 0xffff)) = static_cast<Opcode>(i);
  return table;
}();

constexpr u32 hash(std::string_view text) {
  u32 h = 2166136261u;
  for (const char c : text)
    h = (h ^ static_cast<u8>(c)) * 16777619u;
  return h ^ h >> 15;
}

/// Open addressing; the first operator of a mnemonic wins because rows are entered in order.
constexpr u32 name_slots = 2048;
static_assert(opcode_count * 2 < name_slots);

constexpr auto name_table = [] {
  std::array<Opcode, name_slots> table{};
  table.fill(no_opcode);
  for (u32 i = 0; i < opcode_count; ++i) {
    const std::string_view text = opcode_rows[i].text;
    u32 slot = hash(text) % name_slots;
    bool is_second = false;
    for (; table[slot] != no_opcode && !is_second; slot = (slot + 1) % name_slots)
      is_second = opcode_rows[static_cast<u32>(table[slot])].text == text;
    if (!is_second)
      table[slot] = static_cast<Opcode>(i);
  }
  return table;
}();

} // namespace

constexpr std::array<Opcode, 256> one_byte_opcodes = [] {
  std::array<Opcode, 256> table{};
  table.fill(no_opcode);
  for (u32 i = 0; i < opcode_count; ++i)
    if (opcode_rows[i].code < 256)
      table[opcode_rows[i].code] = static_cast<Opcode>(i);
  return table;
}();

Opcode find_opcode(u32 code) {
  if (code < 256)
    return one_byte_opcodes[code];
  const u32 prefix = (code >> 16) - 0xfb, number = code & 0xffff;
  if (prefix > 3 || number >= prefix_sizes[prefix])
    return no_opcode;
  return prefixed_opcodes[prefix_starts[prefix] + number];
}

Opcode find_opcode(std::string_view text) {
  for (u32 slot = hash(text) % name_slots; name_table[slot] != no_opcode; slot = (slot + 1) % name_slots)
    if (text == row(name_table[slot]).text)
      return name_table[slot];
  return no_opcode;
}

} // namespace trapeze::wasm
