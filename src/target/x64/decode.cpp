// From bytes to a row and its operands, for dumps: the table read the other way. Only what `encode` writes
// need be understood (and short jumps, which shrinking writes).
#include "target/x64/text.hh"

#include <cstring>

namespace trapeze::x64 {

namespace {

struct Cursor {
  std::span<const u8> code;
  u32 at;
  bool ok = true;

  u8 next() {
    if (at >= code.size()) {
      ok = false;
      return 0;
    }
    return code[at++];
  }
  u8 peek() const { return at < code.size() ? code[at] : 0; }
  u64 read(u32 count) {
    u64 v = 0;
    for (u32 i = 0; i < count; ++i)
      v |= u64{next()} << (8 * i);
    return v;
  }
};

struct Head {
  bool p66 = false, f2 = false, f3 = false;
  u8 rex = 0;
  u8 map = 0, opcode = 0;
  bool is_vex = false;
  u8 third = 0; ///< VEX.vvvv
};

/// Behind C4: the fields as REX and prefixes would have said them.
void read_vex(Cursor &c, Head &h) {
  u8 first = c.next(), second = c.next();
  h.is_vex = true;
  h.rex = static_cast<u8>((~first >> 5 & 7) | (second & 0x80) >> 4);
  h.map = first & 31;
  h.third = ~second >> 3 & 15;
  h.p66 = (second & 3) == 1, h.f3 = (second & 3) == 2, h.f2 = (second & 3) == 3;
  h.opcode = c.next();
}

Head read_head(Cursor &c) {
  Head h;
  for (;; c.next()) {
    u8 b = c.peek();
    if (b == 0x66)
      h.p66 = true;
    else if (b == 0xf2)
      h.f2 = true;
    else if (b == 0xf3)
      h.f3 = true;
    else
      break;
  }
  if (c.peek() == 0xc4) {
    c.next();
    read_vex(c, h);
    return h;
  }
  if ((c.peek() & 0xf0) == 0x40)
    h.rex = c.next();
  h.opcode = c.next();
  if (h.opcode == 0x0f) {
    h.map = 1;
    h.opcode = c.next();
    if (h.opcode == 0x38 || h.opcode == 0x3a) {
      h.map = h.opcode == 0x38 ? 2 : 3;
      h.opcode = c.next();
    }
  }
  return h;
}

/// Whether the row's prefix agrees; sets the width where prefixes tell it.
bool match_prefix(const TableRow &r, const Head &h, Width &w) {
  w = (h.rex & 8) ? Width::W64 : Width::W32;
  if ((r.flags & Vex) != 0 || h.is_vex)
    return ((r.flags & Vex) != 0) == h.is_vex && h.p66 == (r.prefix == Prefix::P66) &&
           h.f3 == (r.prefix == Prefix::PF3) && h.f2 == (r.prefix == Prefix::PF2);
  bool size66 = false; // 66 as operand size
  switch (r.prefix) {
  case Prefix::None:
    if (h.f2 || h.f3)
      return false;
    size66 = h.p66;
    break;
  case Prefix::P66:
    return h.p66 && !h.f2 && !h.f3 &&
           (r.wide == Wide::Fixed ? (w = r.widths & 4 ? Width::W32 : Width::W64, true) : true);
  case Prefix::PF2:
  case Prefix::PF3:
    if ((r.prefix == Prefix::PF2 ? h.f2 : h.f3) == false)
      return false;
    size66 = h.p66;
    break;
  case Prefix::Scalar:
    w = h.f3 ? Width::W32 : Width::W64;
    return (h.f2 || h.f3) && !h.p66;
  case Prefix::Packed:
    w = h.p66 ? Width::W64 : Width::W32;
    return !h.f2 && !h.f3;
  }
  if (r.wide == Wide::Fixed) {
    w = r.widths & 1 ? Width::W8 : r.widths & 4 ? Width::W32 : Width::W64;
    return !size66;
  }
  if (size66)
    w = Width::W16;
  return true;
}

bool match_opcode(const TableRow &r, const Head &h, Width &w, Cond &cc, bool &short_alu) {
  u8 opcode = h.opcode;
  short_alu = false;
  if (r.map != h.map)
    return false;
  if (r.flags & HasCond) {
    cc = static_cast<Cond>(opcode & 15);
    return (opcode & 0xf0) == r.opcode;
  }
  if (r.digit == PlusReg)
    return (opcode & 0xf8) == r.opcode;
  if (opcode == r.opcode)
    return true;
  if (r.wide == Wide::Byte && opcode == (r.opcode ^ 1)) {
    w = Width::W8;
    return true;
  }
  if (r.imm == Imm::Alu && opcode == (r.opcode ^ 2)) {
    short_alu = true;
    return true;
  }
  return false;
}

Memory read_memory(Cursor &c, u8 mod, u8 low, u8 rex) {
  Memory m;
  u8 base = low;
  bool has_sib = low == 4;
  if (has_sib) {
    u8 sib = c.next();
    u8 index = static_cast<u8>((sib >> 3 & 7) | (rex & 2) << 2);
    if (index != 4) {
      m.index = index;
      m.scale_log2 = sib >> 6;
    }
    base = sib & 7;
  }
  if (mod == 0 && base == 5)
    m.base = has_sib ? no_register : rip_register;
  else
    m.base = static_cast<u8>(base | (rex & 1) << 3);
  if (mod == 1)
    m.disp = static_cast<i8>(c.next());
  else if (mod == 2 || m.base == no_register || m.base == rip_register)
    m.disp = static_cast<i32>(c.read(4));
  return m;
}

u64 read_imm(Cursor &c, Imm kind, Width w, bool short_alu) {
  switch (kind) {
  case Imm::NoImm:
  case Imm::Cl:
  case Imm::V:
    return 0;
  case Imm::Ib:
    return c.next();
  case Imm::Alu:
    if (short_alu || w == Width::W8)
      return static_cast<u64>(i64{static_cast<i8>(c.next())});
    [[fallthrough]];
  case Imm::Iz:
    return w == Width::W8    ? static_cast<u64>(i64{static_cast<i8>(c.next())})
           : w == Width::W16 ? static_cast<u64>(i64{static_cast<i16>(c.read(2))})
                             : static_cast<u64>(i64{static_cast<i32>(c.read(4))});
  case Imm::Iv:
    return c.read(w == Width::W64 ? 8 : 4);
  case Imm::Rel32:
    return static_cast<u64>(i64{static_cast<i32>(c.read(4))});
  }
  return 0;
}

bool read_operands(const TableRow &r, Cursor c, const Head &h, bool short_alu, u32 start, Decoded &d) {
  if (r.digit <= R) {
    u8 modrm = c.next();
    u8 mod = modrm >> 6, middle = modrm >> 3 & 7, low = modrm & 7;
    if (r.digit < 8 && middle != r.digit && !(r.flags & HasCond))
      return false;
    d.reg = r.digit == R ? static_cast<u8>(middle | (h.rex & 4) << 1) : no_register;
    if (mod == 3 ? r.rm_form == RmForm::MemOnly : r.rm_form == RmForm::RegOnly)
      return false;
    d.rm = mod == 3 ? Rm::of(static_cast<u8>(low | (h.rex & 1) << 3)) : Rm::of(read_memory(c, mod, low, h.rex));
  } else if (r.digit == PlusReg) {
    d.rm = Rm::of(static_cast<u8>((h.opcode & 7) | (h.rex & 1) << 3));
  }
  d.imm = r.imm == Imm::V ? h.third : read_imm(c, r.imm, d.width, short_alu);
  d.length = c.at - start;
  return c.ok;
}

bool decode_short_jump(Cursor c, const Head &h, u32 start, Decoded &d) {
  if (h.map != 0 || (h.opcode != 0xeb && (h.opcode & 0xf0) != 0x70))
    return false;
  d.op = h.opcode == 0xeb ? Op::JmpRel : Op::JccRel;
  d.cc = static_cast<Cond>(h.opcode & 15);
  d.imm = static_cast<u64>(i64{static_cast<i8>(c.next())});
  d.length = c.at - start;
  return c.ok;
}

} // namespace

bool decode(std::span<const u8> code, u32 offset, Decoded &out) {
  Cursor c{code, offset};
  Head h = read_head(c);
  if (!c.ok)
    return false;
  out = {};
  if (decode_short_jump(c, h, offset, out))
    return true;
  for (u32 i = 0; i < inst_count; ++i) {
    Op op = static_cast<Op>(i);
    const TableRow &r = row(op);
    out = {};
    out.op = op;
    bool short_alu = false;
    if (!match_prefix(r, h, out.width) || !match_opcode(r, h, out.width, out.cc, short_alu))
      continue;
    if ((r.widths >> static_cast<u32>(out.width) & 1) != 0 && read_operands(r, c, h, short_alu, offset, out))
      return true;
  }
  return false;
}

} // namespace trapeze::x64
