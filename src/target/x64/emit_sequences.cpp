// Integer sequences.
#include "target/x64/emit.hh"

#include "base/assert.hh"

namespace trapeze::x64 {

void Emitter::do_move(const MInst &i) {
  move(place(i, 0), place(i, 1), m_->vregs[m_->operands[i.first_operand].vreg].kind);
}

void Emitter::do_const(const MInst &i) { load_constant(def(i), width_of(i), i.imm, false); }

void Emitter::do_float_zero(const MInst &i) {
  u8 to = def(i);
  rr(Op::Xorp, Width::W32, to, to);
}

void Emitter::do_instance(const MInst &i) { rr(Op::MovLoad, Width::W64, def(i), instance_reg); }

/// Equality of floats needs ZF and not PF; unequal is its negation.
void Emitter::do_set_cond(const MInst &i) {
  u8 to = def(i);
  Cond cc = cond(i);
  if (cc == Cond::FloatEq || cc == Cond::FloatNe) {
    bool eq = cc == Cond::FloatEq;
    rm_only(Op::Setcc, Width::W8, to, 0, eq ? Cond::E : Cond::Ne);
    rm_only(Op::Setcc, Width::W8, scratch, 0, eq ? Cond::Np : Cond::P);
    rr(eq ? Op::And : Op::Or, Width::W8, to, scratch);
  } else {
    rm_only(Op::Setcc, Width::W8, to, 0, cc);
  }
  if (inst_ != cleared_for_)
    rr(Op::Movzx8, Width::W32, to, to);
}

/// Takes the second if unequal or unordered.
void Emitter::do_cmov_pair(const MInst &i) {
  u8 to = def(i), other = reg(i, 1);
  put(Op::Cmov, width_of(i), to, {Rm::of(other)}, 0, Cond::Ne);
  put(Op::Cmov, width_of(i), to, {Rm::of(other)}, 0, Cond::P);
}

/// imm bit 0: the divisor is known not to be zero; bit 1: no overflow (divisor is not -1, or dividend not minimal).
///
///   test d, d          cmp d, -1          cmp rax, 1     ; overflows only from the minimum
///   je   zero          jne ok             jo  overflow
///                      (rem: xor edx, edx; jmp done)
void Emitter::do_divide(const MInst &i) {
  Op op = op_of(i);
  Width w = width_of(i);
  u8 divisor = reg(i, 1);
  bool is_signed = op == Op::DivS || op == Op::RemS;
  if (!(i.imm & 1)) {
    rr(Op::Test, w, divisor, divisor);
    jump_if(Cond::E, trap_label(abi::TrapCode::IntegerDivideByZero, i.source));
  }
  if (!is_signed) {
    rr(Op::Xor, Width::W32, rdx, rdx);
    rm_only(Op::Div, w, divisor);
    return;
  }
  Label ok = buffer_.label(), done = buffer_.label();
  if (!(i.imm & 2)) {
    rm_only(Op::CmpImm, w, divisor, static_cast<u64>(-1));
    jump_if(Cond::Ne, ok);
    if (op == Op::DivS) {
      rm_only(Op::CmpImm, w, rax, 1);
      jump_if(Cond::O, trap_label(abi::TrapCode::IntegerOverflow, i.source));
    } else {
      rr(Op::Xor, Width::W32, rdx, rdx);
      jump(done);
    }
  }
  buffer_.bind(ok);
  put(w == Width::W64 ? Op::Cqo : Op::Cdq, w, no_register, {});
  rm_only(Op::Idiv, w, divisor);
  buffer_.bind(done);
}

void Emitter::do_mul_high(const MInst &i) {
  rm_only(op_of(i) == Op::MulHighU ? Op::MulWide : Op::ImulWide, width_of(i), reg(i, 1));
}

/// bsr and bsf leave the result alone, if the operand is zero, and set ZF.
///
///   bsr d, x                 bsf d, x
///   mov r11d, 2 * bits - 1   mov r11d, bits
///   cmove d, r11             cmove d, r11
///   xor d, bits - 1
void Emitter::do_count_zeros(const MInst &i) {
  Width w = width_of(i);
  u8 to = def(i), x = reg(i, 0);
  bool leading = op_of(i) == Op::Clz;
  rr(leading ? Op::Bsr : Op::Bsf, w, to, x);
  rm_only(Op::MovImm, Width::W32, scratch, leading ? 2 * bits_of(w) - 1 : bits_of(w));
  put(Op::Cmov, w, to, {Rm::of(u8{scratch})}, 0, Cond::E);
  if (leading)
    rm_only(Op::XorImm, w, to, bits_of(w) - 1);
}

void Emitter::do_popcnt(const MInst &i) {
  u8 to = def(i), x = reg(i, 0);
  if (to != x) // some processors wait for the old value of the destination
    rr(Op::Xor, Width::W32, to, to);
  rr(Op::Popcnt, width_of(i), to, x);
}

} // namespace trapeze::x64
