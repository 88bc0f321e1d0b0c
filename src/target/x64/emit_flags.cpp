// Tests that need no instruction: the flags already say it.
//
// Problem: `test r, r` is how selection asks for zero or sign; in loops it mostly stands right behind the addition that
// made r.
// Idea: every instruction passes `put`, so what the flags mean is followed there: the register whose result they
// describe, until something writes the flags or that register, or control comes in.
// Invariants: a row between the test and its one user is never emitted (machine.hh), and edits keep the flags. test
// clears OF and CF, additions do not: then only ZF and SF count, and "less" is read as "sign".
//
//   add edx, 8
//   test edx, edx      ; left out
//   jne loop
#include "target/x64/emit.hh"

namespace trapeze::x64 {

void Emitter::follow_flags(Op op, Width w, u8 reg, const Rm &rm, u64 imm) {
  const TableRow &r = x64::row(op);
  bool is_shift_by_0 = r.imm == Imm::Ib && (imm & (bits_of(w) - 1)) == 0;
  if ((r.flags & (SetsZero | SetsLogic)) != 0 && !is_shift_by_0) {
    flags_.reg = writes(r.reg) ? reg : rm.is_memory ? no_register : rm.reg;
    flags_.width = w;
    flags_.is_logic = (r.flags & SetsLogic) != 0;
    return;
  }
  bool changes_reg = writes(r.reg) && !is_float(r.reg) && reg == flags_.reg;
  bool changes_rm = writes(r.rm) && !is_float(r.rm) && !rm.is_memory && rm.reg == flags_.reg;
  if ((r.flags & KeepsFlags) == 0 || changes_reg || changes_rm)
    forget_flags();
}

/// Whether the row is a test of what the flags describe, for a user that reads no more of them.
bool Emitter::is_known_test(const MInst &i) {
  if (op_of(i) != Op::Test || mode_of(i) != Mode::Reg || flags_.reg == no_register || flags_.width != width_of(i))
    return false;
  Place tested = place(i, 0);
  if (tested != place(i, 1) || hw(tested.preg()) != flags_.reg)
    return false;
  Cond cc = cond_of(m_->insts[inst_ + 1]);
  if (cc == Cond::L || cc == Cond::Ge)
    sign_user_ = flags_.is_logic ? sign_user_ : inst_ + 1;
  else if (cc != Cond::E && cc != Cond::Ne && !flags_.is_logic)
    return false;
  return true;
}

/// A condition as a value is set into a register that was cleared before the compare, where that reads other registers:
/// clearing costs nothing, widening a byte does.
void Emitter::clear_for_condition(const MInst &i) {
  Op op = op_of(i);
  bool is_compare = op == Op::Cmp || op == Op::CmpImm || op == Op::Test || op == Op::TestImm || op == Op::Ucomis;
  if (!is_compare || op_of(m_->insts[inst_ + 1]) != Op::SetCond)
    return;
  if (next_edit_ < a_->edits.size() && a_->edits[next_edit_].inst == inst_ + 1)
    return;
  Place target = place(m_->insts[inst_ + 1], 0);
  for (u32 k = 0; k < i.operand_count; ++k)
    if (place(i, k) == target)
      return;
  rr(Op::Xor, Width::W32, hw(target.preg()), hw(target.preg()));
  cleared_for_ = inst_ + 1;
}

Cond Emitter::cond(const MInst &i) const {
  Cond cc = cond_of(i);
  if (inst_ != sign_user_)
    return cc;
  return cc == Cond::L ? Cond::S : cc == Cond::Ge ? Cond::Ns : cc;
}

} // namespace trapeze::x64
