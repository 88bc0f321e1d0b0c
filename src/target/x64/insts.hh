// The instruction table as data, and how a machine row (codegen::MInst) carries an x64 instruction.
//
// MInst::op    low 10 bits: Op; bits 10-14: Cond
// MInst::form  bits 0-1 width, bits 2-4 Mode of the rm operand, bit 5: may fault (a TrapSite at its first byte)
//
// Operand order of a table row: [reg use] [rm operands] [fixed uses the instruction implies], then defs:
// [reg def] [rm def]. A field that is both read and written has a use, and a def that reuses it. The rm
// operands are one value in Mode::Reg, else the address's registers: base, index. A third register (Imm::V) that is
// read stands behind them; one that is written is the only def.
//
//   Mode        address
//   Base        [op + disp]
//   BaseIndex   [op + op << scale + disp]
//   Index       [op << scale + disp]
//   Inst        [r13 + disp]           r13 is the instance, never allocated
//   InstIndex   [r13 + op << scale + disp]
//   Slot        [rbp + offset of MFunction::slots[disp]]
//   Pool        [rip + constant]: the bits in `imm`, repeated up to the operand's size
#pragma once

#include "base/types.hh"
#include "codegen/machine.hh"

namespace trapeze::x64 {

enum class Op : u16 {
#define X64(id, text, prefix, map, opcode, digit, wide, widths, reg, rm, rm_form, rm_bytes, imm, flags) id,
#include "target/x64/insts.def"
#define PSEUDO(id, text) id,
#include "target/x64/pseudo.def"
};
inline constexpr u32 inst_count = 0
#define X64(id, text, prefix, map, opcode, digit, wide, widths, reg, rm, rm_form, rm_bytes, imm, flags) +1
#include "target/x64/insts.def"
    ;
inline constexpr u32 op_count = inst_count
#define PSEUDO(id, text) +1
#include "target/x64/pseudo.def"
    ;
static_assert(op_count < 1024);

enum class Prefix : u8 { None, P66, PF2, PF3, Scalar, Packed };
enum class Wide : u8 { Byte, Word, Fixed };
enum class Field : u8 { None, GUse, GDef, GMod, XUse, XDef, XMod, Addr };
enum class RmForm : u8 { Either, RegOnly, MemOnly };
enum class Imm : u8 { NoImm, Ib, Alu, Iz, Iv, Rel32, Cl, V };
enum Digit : u8 { R = 8, PlusReg = 9, NoModrm = 10 };
enum InstFlag : u8 {
  RmFirst = 1,
  HasCond = 2,
  SetsZero = 4,
  SetsLogic = 8,
  KeepsFlags = 16,
  Vex = 32,
  VFirst = 64,
  VDef = 128
};

struct TableRow {
  const char *text;
  Prefix prefix;
  u8 map, opcode, digit;
  Wide wide;
  u8 widths;
  Field reg, rm;
  RmForm rm_form;
  u8 rm_bytes;
  Imm imm;
  u8 flags;
};
const TableRow &row(Op op);
const char *pseudo_text(Op op);
constexpr bool is_pseudo(Op op) { return static_cast<u32>(op) >= inst_count; }

constexpr bool reads(Field f) { return f == Field::GUse || f == Field::GMod || f == Field::XUse || f == Field::XMod; }
constexpr bool writes(Field f) { return f == Field::GDef || f == Field::GMod || f == Field::XDef || f == Field::XMod; }
constexpr bool is_float(Field f) { return f >= Field::XUse && f <= Field::XMod; }

enum class Width : u8 { W8, W16, W32, W64 };
constexpr u32 bytes_of(Width w) { return 1u << static_cast<u32>(w); }
constexpr u32 bits_of(Width w) { return 8u << static_cast<u32>(w); }

/// Hardware conditions by their code; the last two need two jumps: equal and ordered, or its negation.
enum class Cond : u8 { O, No, B, Ae, E, Ne, Be, A, S, Ns, P, Np, L, Ge, Le, G, FloatEq, FloatNe };
constexpr Cond inverse(Cond c) { return static_cast<Cond>(static_cast<u8>(c) ^ 1); }
const char *text(Cond c);

enum class Mode : u8 { Reg, Base, BaseIndex, Index, Inst, InstIndex, Slot, Pool };
constexpr u32 address_operands(Mode m) {
  return m == Mode::BaseIndex ? 2 : m == Mode::Base || m == Mode::Index || m == Mode::InstIndex ? 1 : 0;
}

constexpr u16 pack_op(Op op, Cond cc = Cond::O) {
  return static_cast<u16>(static_cast<u32>(op) | static_cast<u32>(cc) << 10);
}
constexpr Op op_of(const codegen::MInst &m) { return static_cast<Op>(m.op & 1023); }
constexpr Cond cond_of(const codegen::MInst &m) { return static_cast<Cond>(m.op >> 10); }

inline constexpr u8 may_fault = 32;
constexpr u8 pack_form(Width w, Mode mode = Mode::Reg, bool faults = false) {
  return static_cast<u8>(static_cast<u32>(w) | static_cast<u32>(mode) << 2 | (faults ? may_fault : 0u));
}
constexpr Width width_of(const codegen::MInst &m) { return static_cast<Width>(m.form & 3); }
constexpr Mode mode_of(const codegen::MInst &m) { return static_cast<Mode>(m.form >> 2 & 7); }

} // namespace trapeze::x64
