// Rows of the instruction table with their places, moves between instructions, constants.
#include "target/x64/emit.hh"

#include "base/assert.hh"

namespace trapeze::x64 {

using namespace codegen;

void Emitter::put(Op op, Width w, u8 reg, const Fixed &f, u64 imm, Cond cc) {
  follow_flags(op, w, reg, f.rm, imm);
  Encoded e = encode(buffer_, op, w, reg, f.rm, imm, cc);
  if (!base::is_none(f.label))
    buffer_.fix_up(e.rip_field, e.end, f.label);
}

u8 Emitter::reg(const MInst &i, u32 operand) const {
  Place p = place(i, operand);
  ASSERT(p.is_reg());
  return static_cast<u8>(hw(p.preg()));
}

Rm Emitter::rm(const MInst &i, u32 operand) const {
  Place p = place(i, operand);
  if (p.is_reg())
    return Rm::of(static_cast<u8>(hw(p.preg())));
  ASSERT(p.is_slot());
  return memory(rbp, slot_offset(p)).rm;
}

u32 Emitter::first_def(const MInst &i) const {
  u32 k = 0;
  while (m_->operands[i.first_operand + k].role == Role::Use)
    ++k;
  return k;
}

Emitter::Fixed Emitter::address(const MInst &i, u32 k, u32 bytes) {
  Memory m{.disp = i.disp};
  switch (mode_of(i)) {
  case Mode::Base:
    m.base = reg(i, k);
    break;
  case Mode::BaseIndex:
    m.base = reg(i, k), m.index = reg(i, k + 1);
    break;
  case Mode::Index:
    m.index = reg(i, k);
    break;
  case Mode::Inst:
    m.base = instance_reg;
    break;
  case Mode::InstIndex:
    m.base = instance_reg, m.index = reg(i, k);
    break;
  case Mode::Slot:
    return memory(rbp, m_->slots[static_cast<u32>(i.disp)].offset);
  case Mode::Pool:
    return pool(i.imm, bytes);
  case Mode::Reg:
    ASSERT(!"not an address");
  }
  m.scale_log2 = m.index == no_register ? 0 : i.scale_log2;
  return {Rm::of(m)};
}

/// An addition without flags to keep: add where the result is one of the operands.
void Emitter::lea(const MInst &i, u8 dst) {
  Width w = width_of(i);
  Mode mode = mode_of(i);
  Fixed f = address(i, 0, 0);
  const Memory &m = f.rm.memory;
  if (mode == Mode::Base && i.disp == 0)
    return rr(Op::MovLoad, w, dst, m.base);
  if (mode == Mode::Base && m.base == dst)
    return rm_only(Op::AddImm, w, dst, static_cast<u64>(i64{i.disp}));
  bool is_sum = (mode == Mode::BaseIndex || mode == Mode::InstIndex) && m.scale_log2 == 0 && i.disp == 0;
  if (is_sum && (m.base == dst || m.index == dst))
    return rr(Op::Add, w, dst, m.base == dst ? m.index : m.base);
  put(Op::Lea, w, dst, f);
}

/// Scalar rows that keep the rest of their destination: cleared first, they need not wait for its old value.
static bool merges_low(Op op) {
  return op == Op::Sqrts || op == Op::RoundSs || op == Op::RoundSd || op == Op::Cvtss2sd || op == Op::Cvtsd2ss;
}

void Emitter::row(const MInst &i) {
  Op op = op_of(i);
  const TableRow &r = x64::row(op);
  Width w = width_of(i);
  if (op == Op::Lea)
    return lea(i, def(i));
  if (is_known_test(i))
    return;
  clear_for_condition(i);
  u32 next = 0;
  u8 field = no_register;
  Fixed f;
  if (reads(r.reg))
    field = reg(i, next++);
  bool is_memory = mode_of(i) != Mode::Reg;
  if (is_memory)
    f = address(i, next, r.rm_bytes != 0 ? r.rm_bytes : bytes_of(w));
  else if (reads(r.rm))
    f.rm = rm(i, next);
  if (writes(r.reg)) {
    u8 to = def(i);
    ASSERT(!reads(r.reg) || to == field);
    field = to;
  } else if (!is_memory && writes(r.rm)) {
    u8 to = def(i);
    ASSERT(!reads(r.rm) || to == f.rm.reg);
    f.rm = Rm::of(to);
  }
  if (merges_low(op) && (f.rm.is_memory || f.rm.reg != field))
    rr(Op::Xorp, Width::W32, field, field);
  if (i.form & may_fault)
    note_trap(i.trap);
  u64 imm = is_memory && mode_of(i) == Mode::Pool ? 0 : i.imm;
  if (r.imm == Imm::V)
    imm = r.flags & VDef ? def(i) : reg(i, first_def(i) - 1);
  put(op, w, field, f, imm, cond(i));
}

/// Pushed and popped, a small constant takes three or four bytes in place of five to seven. In loops it would cost
/// time.
bool Emitter::push_constant(u8 to, Width w, u64 value) {
  bool is_small = value <= 127 || (w == Width::W64 && fits_signed(static_cast<i64>(value), 8));
  if (!settings_->for_size || !is_small || m_->blocks[static_cast<MBlock>(block_)].loop_depth != 0)
    return false;
  put(Op::PushImm, Width::W64, no_register, {}, value & 0xff);
  rm_only(Op::Pop, Width::W64, to);
  return true;
}

void Emitter::load_constant(u8 to, Width w, u64 value, bool keep_flags) {
  if (value == 0 && !keep_flags)
    return rr(Op::Xor, Width::W32, to, to);
  if (push_constant(to, w, value))
    return;
  if (w == Width::W32 || value <= 0xffffffff)
    rm_only(Op::MovImm, Width::W32, to, value);
  else if (fits_signed(static_cast<i64>(value), 32))
    rm_only(Op::MovStoreImm, Width::W64, to, value);
  else
    rm_only(Op::MovImm64, Width::W64, to, value);
}

/// Whether the row uses flags that the one before it has set.
static bool uses_flags(const MInst &i) {
  switch (op_of(i)) {
  case Op::Branch:
  case Op::TrapIf:
  case Op::SetCond:
  case Op::AdcImm:
  case Op::SbbImm:
  case Op::Cmov:
  case Op::CmovPair:
  case Op::FloatSelect:
    return true;
  default:
    return false;
  }
}

/// Repeats a row that has no uses into `to`.
void Emitter::rematerialise(const MInst &i, u8 to, bool keep_flags) {
  Op op = op_of(i);
  if (op == Op::Const)
    return load_constant(to, width_of(i), i.imm, keep_flags);
  if (op == Op::Instance)
    return rr(Op::MovLoad, Width::W64, to, instance_reg);
  if (op == Op::FloatZero)
    return rr(Op::Xorp, Width::W32, to, to);
  const TableRow &r = x64::row(op);
  ASSERT(mode_of(i) == Mode::Inst || mode_of(i) == Mode::Pool);
  put(op, width_of(i), to, address(i, 0, r.rm_bytes != 0 ? r.rm_bytes : bytes_of(width_of(i))));
}

static Width int_width(VKind kind) { return kind == VKind::I64 ? Width::W64 : Width::W32; }

/// Through the scratch register of the other class: an open cycle of this one may hold its own.
void Emitter::move_slots(i32 from, i32 to, VKind kind) {
  if (class_of(kind) == RegClass::Int) {
    Width w = int_width(kind);
    put(Op::FloatLoad, w, float_scratch, memory(rbp, from));
    put(Op::FloatStore, w, float_scratch, memory(rbp, to));
    return;
  }
  Width w = kind == VKind::F32 ? Width::W32 : Width::W64;
  for (i32 half = 0; half < (kind == VKind::V128 ? 16 : 8); half += 8) {
    put(Op::MovLoad, w, scratch, memory(rbp, from + half));
    put(Op::MovStore, w, scratch, memory(rbp, to + half));
  }
}

void Emitter::move(Place from, Place to, VKind kind) {
  if (from == to)
    return;
  bool is_int = class_of(kind) == RegClass::Int;
  if (from.is_slot() && to.is_slot())
    return move_slots(slot_offset(from), slot_offset(to), kind);
  Width w = is_int ? int_width(kind) : kind == VKind::F64 ? Width::W64 : Width::W32;
  if (from.is_reg() && to.is_reg())
    return rr(is_int ? Op::MovLoad : Op::FloatMove, is_int ? w : Width::W32, hw(to.preg()), hw(from.preg()));
  bool is_load = from.is_slot();
  Fixed slot = memory(rbp, slot_offset(is_load ? from : to));
  u8 r = static_cast<u8>(hw(is_load ? to.preg() : from.preg()));
  Op op = is_int                ? (is_load ? Op::MovLoad : Op::MovStore)
          : kind == VKind::V128 ? (is_load ? Op::VecLoad : Op::VecStore)
                                : (is_load ? Op::FloatLoad : Op::FloatStore);
  put(op, w, r, slot);
}

void Emitter::edit(const Edit &e) {
  if (e.remat == ~0u)
    return move(e.from, e.to, e.kind);
  bool keep_flags = uses_flags(m_->insts[e.inst]);
  if (e.to.is_reg())
    return rematerialise(m_->insts[e.remat], static_cast<u8>(hw(e.to.preg())), keep_flags);
  bool is_int = class_of(e.kind) == RegClass::Int;
  u8 temporary = is_int ? u8{scratch} : float_scratch;
  rematerialise(m_->insts[e.remat], temporary, keep_flags);
  move(Place::reg(is_int ? int_reg(temporary) : float_reg(temporary)), e.to, e.kind);
}

} // namespace trapeze::x64
