// Prefixes, ModRM and SIB, immediates. The special cases of the format:
//   rm = 100 (rsp, r12) as base needs a SIB byte; base = 101 (rbp, r13) needs a displacement;
//   index = 100 means none (so rsp is no index); byte registers 4-7 need a REX prefix to mean spl..dil.
#include "target/x64/encode.hh"

#include "base/assert.hh"

namespace trapeze::x64 {

using codegen::CodeBuffer;

namespace {

struct Bits {
  u8 rex_b = 0, rex_x = 0;
};

Bits extension_bits(const Rm &rm) {
  if (!rm.is_memory)
    return {static_cast<u8>(rm.reg == no_register ? 0 : rm.reg >> 3), 0};
  Bits bits;
  if (rm.memory.base < 16)
    bits.rex_b = rm.memory.base >> 3;
  if (rm.memory.index < 16)
    bits.rex_x = rm.memory.index >> 3;
  return bits;
}

/// ModRM, SIB and displacement; returns the offset of a rip-relative displacement.
u32 put_modrm(CodeBuffer &out, u8 reg, const Rm &rm) {
  u8 field = static_cast<u8>((reg & 7) << 3);
  auto modrm = [&](u32 mod, u32 low) { out.put8(static_cast<u8>(mod << 6 | field | low)); };
  if (!rm.is_memory) {
    modrm(3, rm.reg & 7u);
    return ~0u;
  }
  const Memory &m = rm.memory;
  if (m.base == rip_register) {
    modrm(0, 5);
    out.put32(static_cast<u32>(m.disp));
    return out.size() - 4;
  }
  ASSERT_SLOW(m.index != 4);
  if (m.base == no_register) {
    modrm(0, 4);
    out.put8(static_cast<u8>(m.scale_log2 << 6 | (m.index == no_register ? 4 : m.index & 7) << 3 | 5));
    out.put32(static_cast<u32>(m.disp));
    return ~0u;
  }
  u32 mod = m.disp == 0 && (m.base & 7) != 5 ? 0 : fits_signed(m.disp, 8) ? 1 : 2;
  if (m.index != no_register || (m.base & 7) == 4) {
    modrm(mod, 4);
    out.put8(static_cast<u8>(m.scale_log2 << 6 | (m.index == no_register ? 4 : m.index & 7) << 3 | (m.base & 7)));
  } else {
    modrm(mod, m.base & 7u);
  }
  if (mod == 1)
    out.put8(static_cast<u8>(m.disp));
  else if (mod == 2)
    out.put32(static_cast<u32>(m.disp));
  return ~0u;
}

u8 mandatory_prefix(Prefix prefix, Width w) {
  switch (prefix) {
  case Prefix::None:
    return 0;
  case Prefix::P66:
    return 0x66;
  case Prefix::PF2:
    return 0xf2;
  case Prefix::PF3:
    return 0xf3;
  case Prefix::Scalar:
    return w == Width::W32 ? 0xf3 : 0xf2;
  case Prefix::Packed:
    return w == Width::W32 ? 0 : 0x66;
  }
  return 0;
}

bool needs_byte_rex(const TableRow &r, Width w, u8 reg, const Rm &rm) {
  auto is_byte = [&](Field f, u32 bytes) {
    return !is_float(f) && f != Field::None && (bytes == 1 || (bytes == 0 && w == Width::W8));
  };
  bool high_reg = is_byte(r.reg, 0) && reg >= 4 && reg < 8;
  bool high_rm = !rm.is_memory && is_byte(r.rm, r.rm_bytes) && rm.reg >= 4 && rm.reg < 8;
  return high_reg || high_rm;
}

void put_imm(CodeBuffer &out, Imm kind, Width w, u64 imm, bool short_alu) {
  switch (kind) {
  case Imm::NoImm:
  case Imm::Cl:
  case Imm::V:
    return;
  case Imm::Ib:
    return out.put8(static_cast<u8>(imm));
  case Imm::Alu:
    if (short_alu || w == Width::W8)
      return out.put8(static_cast<u8>(imm));
    [[fallthrough]];
  case Imm::Iz:
    return out.put(imm, w == Width::W8 ? 1 : w == Width::W16 ? 2 : 4);
  case Imm::Iv:
    return out.put(imm, w == Width::W64 ? 8 : 4);
  case Imm::Rel32:
    return out.put32(static_cast<u32>(imm));
  }
}

/// As the instruction will sign-extend it: at narrow widths only the low bits count.
i64 signed_imm(Width w, u64 imm) {
  return w == Width::W8    ? static_cast<i8>(imm)
         : w == Width::W16 ? static_cast<i16>(imm)
         : w == Width::W32 ? static_cast<i32>(imm)
                           : static_cast<i64>(imm);
}

void put_vex(CodeBuffer &out, const TableRow &r, Width w, u8 reg, Bits bits, u8 third) {
  u32 pp = r.prefix == Prefix::P66 ? 1 : r.prefix == Prefix::PF3 ? 2 : r.prefix == Prefix::PF2 ? 3 : 0;
  u32 not_rxb = ~((reg >> 3 & 1u) << 2 | bits.rex_x << 1 | bits.rex_b) & 7;
  out.put8(0xc4);
  out.put8(static_cast<u8>(not_rxb << 5 | r.map));
  out.put8(static_cast<u8>((w == Width::W64 ? 0x80 : 0) | (~third & 15u) << 3 | pp));
}

} // namespace

Encoded encode(CodeBuffer &out, Op op, Width w, u8 reg, const Rm &rm, u64 imm, Cond cc) {
  const TableRow &r = row(op);
  ASSERT_SLOW((r.widths >> static_cast<u32>(w) & 1) != 0);
  Encoded result{out.size(), 0};
  if (r.flags & Vex) {
    put_vex(out, r, w, r.digit == R ? reg : 0, extension_bits(rm), r.imm == Imm::V ? static_cast<u8>(imm) : 0);
    out.put8(r.opcode);
    result.rip_field = put_modrm(out, r.digit < 8 ? r.digit : reg, rm);
    put_imm(out, r.imm, w, imm, false);
    result.end = out.size();
    return result;
  }
  if (r.wide != Wide::Fixed && w == Width::W16)
    out.put8(0x66);
  if (u8 prefix = mandatory_prefix(r.prefix, w))
    out.put8(prefix);
  if (r.digit < 8)
    reg = r.digit;
  Bits bits = extension_bits(rm);
  u8 rex = static_cast<u8>((r.wide != Wide::Fixed && w == Width::W64 ? 8 : 0) | (r.digit == R ? reg >> 3 & 1 : 0) << 2 |
                           bits.rex_x << 1 | bits.rex_b);
  if (rex != 0 || needs_byte_rex(r, w, r.digit == R ? reg : 0, rm))
    out.put8(0x40 | rex);
  if (r.map != 0)
    out.put8(0x0f);
  if (r.map >= 2)
    out.put8(r.map == 2 ? 0x38 : 0x3a);
  u8 opcode = r.opcode;
  if (r.wide == Wide::Byte && w == Width::W8)
    opcode ^= 1;
  bool short_alu = r.imm == Imm::Alu && w != Width::W8 && fits_signed(signed_imm(w, imm), 8);
  if (short_alu)
    opcode ^= 2;
  if (r.flags & HasCond)
    opcode = static_cast<u8>(opcode + static_cast<u32>(cc));
  if (r.digit == PlusReg)
    opcode |= rm.reg & 7;
  out.put8(opcode);
  if (r.digit <= R)
    result.rip_field = put_modrm(out, reg, rm);
  put_imm(out, r.imm, w, imm, short_alu);
  result.end = out.size();
  return result;
}

} // namespace trapeze::x64
