// Operators whose signature stands in opcodes.def: pop, push, and what their immediates demand.
#include "validate/handlers.hh"

#include <fmt/format.h>

namespace trapeze::validate {

using wasm::Imm;
using wasm::Opcode;
using wasm::ValKind;

namespace {

constexpr u8 address = 0xff; // `p`: the address type of the memory or table

struct Signature {
  u8 pop_count = 0, push_count = 0;
  u8 pops[4] = {}, pushes[2] = {}; // ValKind, or `address`
  u8 lanes = 0;                    // of the shape in the mnemonic, for lane operators
};

constexpr u8 kind_of(char c) {
  constexpr std::string_view letters = "iIfFv";
  return c == 'p' ? address : static_cast<u8>(letters.find(c));
}

constexpr u8 lanes_of(std::string_view text) {
  const usize x = text.find('x');
  if (x > 3)
    return 0;
  return text.substr(x + 1, 2) == "16" ? 16 : static_cast<u8>(text[x + 1] - '0');
}

constexpr Signature parse(std::string_view sig, std::string_view text) {
  Signature result;
  result.lanes = lanes_of(text);
  bool after_colon = false;
  for (const char c : sig) {
    if (c == ':')
      after_colon = true;
    else if (after_colon)
      result.pushes[result.push_count++] = kind_of(c);
    else if (c != '*')
      result.pops[result.pop_count++] = kind_of(c);
  }
  return result;
}

#define OP(id, code, text, imm, sig, feature) parse(sig, text),
constexpr Signature signatures[] = {
#include "wasm/opcodes.def"
};

const Signature &signature(const Walker &w) { return signatures[static_cast<u32>(w.op.code)]; }

void apply(Walker &w, const Signature &s, ValType address_type) {
  const auto type = [&](u8 kind) { return kind == address ? address_type : ValType(static_cast<ValKind>(kind)); };
  for (u32 i = s.pop_count; i-- > 0;)
    w.pop(type(s.pops[i]));
  for (u32 i = 0; i < s.push_count; ++i)
    w.push(type(s.pushes[i]));
}

ValType address_type(const Walker &w, u32 memory) { return w.m.memories[memory].type.address_type(); }

/// log2 of the access's width.
u8 natural_alignment(const Walker &w, Imm first) {
  return static_cast<u8>(static_cast<u32>(wasm::row(w.op.code).imm) - static_cast<u32>(first));
}

bool check_memarg(Walker &w, u8 natural) {
  if (!w.check_memory(w.op.index))
    return false;
  if (w.op.align_log2 > natural) {
    w.set_invalid("alignment must not be larger than natural");
    return false;
  }
  if (!w.m.memories[w.op.index].type.limits.is_64 && w.op.memory_offset > ~u32{0}) {
    w.set_invalid("offset out of range");
    return false;
  }
  return true;
}

bool check_lane(Walker &w, u32 lanes) {
  if (w.op.lane < lanes)
    return true;
  w.set_invalid(fmt::format("invalid lane index {}", w.op.lane));
  return false;
}

} // namespace

void plain(Walker &w) {
  const Signature &s = signature(w);
  for (u32 i = s.pop_count; i-- > 0;)
    w.pop(static_cast<ValKind>(s.pops[i]));
  for (u32 i = 0; i < s.push_count; ++i)
    w.push(static_cast<ValKind>(s.pushes[i]));
}

void memory_access(Walker &w) {
  if (check_memarg(w, natural_alignment(w, Imm::MemArg0)))
    apply(w, signature(w), address_type(w, w.op.index));
}

void memory_lane_access(Walker &w) {
  const u8 natural = natural_alignment(w, Imm::MemArgLane0);
  if (check_memarg(w, natural) && check_lane(w, 16u >> natural))
    apply(w, signature(w), address_type(w, w.op.index));
}

void atomic_access(Walker &w) {
  const u8 natural = natural_alignment(w, Imm::MemArg0);
  if (!check_memarg(w, natural))
    return;
  if (w.op.align_log2 != natural)
    return w.set_invalid("atomic alignment must be natural");
  apply(w, signature(w), address_type(w, w.op.index));
}

void lane(Walker &w) {
  if (check_lane(w, signature(w).lanes))
    plain(w);
}

void shuffle(Walker &w) {
  for (const u64 half : {w.op.bits, w.op.bits2})
    for (u32 i = 0; i < 8; ++i)
      if ((half >> 8 * i & 0xff) >= 32)
        return w.set_invalid(fmt::format("invalid lane index {}", half >> 8 * i & 0xff));
  plain(w);
}

void memory_operator(Walker &w) {
  if (w.check_memory(w.op.index))
    apply(w, signature(w), address_type(w, w.op.index));
}

void memory_init(Walker &w) {
  if (w.check_memory(w.op.index2) && w.check_data(w.op.index))
    apply(w, signature(w), address_type(w, w.op.index2));
}

void table_size(Walker &w) {
  if (!w.check_table(w.op.index))
    return;
  w.op.type = w.m.tables[w.op.index].type.element;
  apply(w, signature(w), w.m.tables[w.op.index].type.address_type());
}

void table_init(Walker &w) {
  if (!w.check_table(w.op.index2) || !w.check_elem(w.op.index))
    return;
  const wasm::TableType &table = w.m.tables[w.op.index2].type;
  const ValType type = w.m.elements[w.op.index].type;
  if (!wasm::matches(w.m, type, table.element))
    return w.set_invalid(fmt::format("type mismatch: element segment of {} for a table of {}", to_string(type),
                                     to_string(table.element)));
  w.op.type = table.element;
  apply(w, signature(w), table.address_type());
}

void data_drop(Walker &w) { w.check_data(w.op.index); }

void elem_drop(Walker &w) { w.check_elem(w.op.index); }

} // namespace trapeze::validate
