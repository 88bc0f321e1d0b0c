// Integer arithmetic. Two-address rows reuse the operand that dies here if there is a choice: in the backward
// walk a value nobody has asked for yet has its last use in this group.
#include "target/x64/encode.hh"
#include "target/x64/lower.hh"

#include "base/assert.hh"

#include <bit>

namespace trapeze::x64 {

namespace {

/// The row with an immediate in place of the rm operand.
Op immediate_form(Op op) {
  switch (op) {
  case Op::Add:
    return Op::AddImm;
  case Op::Sub:
    return Op::SubImm;
  case Op::And:
    return Op::AndImm;
  case Op::Or:
    return Op::OrImm;
  default:
    ASSERT(op == Op::Xor);
    return Op::XorImm;
  }
}

} // namespace

void Lowering::two_address(Inst i, Op op, Value a, Value b, Width w, bool commutes) {
  u32 bytes = bytes_of(w);
  if (commutes && a != b) {
    bool sink_a = can_sink(a, bytes), sink_b = can_sink(b, bytes);
    if (sink_a != sink_b ? sink_a : (is_demanded(a) && !is_demanded(b) && !is_const(b)))
      std::swap(a, b);
  }
  RmOperand m = a == b ? rm_reg(reg(b)) : rm(b);
  VReg x = reg(a);
  make(op, w).use(x).rm(m).def_reuse(result(i), 0);
}

void Lowering::add(Inst i, const InstRow &r, u32) {
  Width w = x64::width_of(r.type);
  Value a = r.arg(0), b = r.arg(1);
  bool has_const = is_const(b);
  u32 bytes = bytes_of(w);
  if ((has_const && !const_fits(b)) || (!has_const && a != b && (can_sink(a, bytes) || can_sink(b, bytes))))
    return two_address(i, Op::Add, a, b, w, true);
  RmOperand m = sum(i);
  make(Op::Lea, w).rm(m).def(result(i));
}

void Lowering::sub(Inst i, const InstRow &r, u32) {
  Width w = x64::width_of(r.type);
  Value a = r.arg(0), b = r.arg(1);
  if (is_const(a) && const_value(a) == 0) {
    VReg x = reg(b);
    make(Op::Neg, w).use(x).def_reuse(result(i), 0);
  } else if (const_fits(b)) {
    VReg x = reg(a);
    make(Op::SubImm, w).use(x).def_reuse(result(i), 0).imm(static_cast<u64>(const_value(b)));
  } else {
    two_address(i, Op::Sub, a, b, w, false);
  }
}

void Lowering::mul(Inst i, const InstRow &r, u32) {
  Width w = x64::width_of(r.type);
  Value a = r.arg(0), b = r.arg(1);
  if (!const_fits(b))
    return two_address(i, Op::Imul, a, b, w, true);
  i64 c = const_value(b);
  if (c == 3 || c == 5 || c == 9) {
    VReg x = reg(a);
    RmOperand m{.mode = Mode::BaseIndex,
                .a = x,
                .b = x,
                .scale_log2 = static_cast<u8>(std::countr_zero(static_cast<u64>(c - 1)))};
    make(Op::Lea, w).rm(m).def(result(i));
    return;
  }
  RmOperand m = rm(a);
  make(Op::ImulImm, w).rm(m).def(result(i)).imm(static_cast<u64>(c));
}

/// x & 0xff, 0xffff, 0xffffffff: an extension.
bool Lowering::and_mask(Inst i, const InstRow &r) {
  u64 c = r.type == Type::I64 ? row(r.arg(1)).bits() : static_cast<u32>(row(r.arg(1)).bits());
  Op op = c == 0xff ? Op::Movzx8 : c == 0xffff ? Op::Movzx16 : Op::MovLoad;
  if (op == Op::MovLoad && (c != 0xffffffff || r.type != Type::I64))
    return false;
  VReg x = reg(r.arg(0));
  make(op, Width::W32).rm(rm_reg(x)).def(result(i));
  return true;
}

void Lowering::bitwise(Inst i, const InstRow &r, u32 op_number) {
  Op op = static_cast<Op>(op_number);
  Width w = x64::width_of(r.type);
  Value a = r.arg(0), b = r.arg(1);
  if (!is_const(b))
    return two_address(i, op, a, b, w, true);
  if (op == Op::And && and_mask(i, r))
    return;
  // A mask of the lower half clears the upper one, and so does a 32-bit operation.
  if (op == Op::And && w == Width::W64 && row(b).bits() >> 32 == 0)
    w = Width::W32;
  i64 c = w == Width::W32 ? static_cast<i32>(row(b).bits()) : const_value(b);
  if (!fits_signed(c, 32))
    return two_address(i, op, a, b, w, true);
  VReg x = reg(a);
  if (op == Op::Xor && c == -1)
    make(Op::Not, w).use(x).def_reuse(result(i), 0);
  else
    make(immediate_form(op), w).use(x).def_reuse(result(i), 0).imm(static_cast<u64>(c));
}

void Lowering::shift(Inst i, const InstRow &r, u32 op_number) {
  Op op = static_cast<Op>(op_number);
  Width w = x64::width_of(r.type);
  VReg x = reg(r.arg(0));
  if (is_const(r.arg(1))) {
    // RolImm... stand in the order of Rol...
    Op by_imm = static_cast<Op>(op_number - static_cast<u32>(Op::Rol) + static_cast<u32>(Op::RolImm));
    u64 count = row(r.arg(1)).bits() & (bits_of(w) - 1);
    make(by_imm, w).use(x).def_reuse(result(i), 0).imm(count);
    return;
  }
  VReg count = reg(r.arg(1));
  make(op, w).use(x).use_fixed(count, int_reg(rcx)).def_reuse(result(i), 0);
}

void Lowering::count_bits(Inst i, const InstRow &r, u32 op) {
  VReg x = reg(r.arg(0));
  make(static_cast<Op>(op), x64::width_of(r.type)).use(x).def(result(i));
}

void Lowering::wrap(Inst i, const InstRow &r, u32) {
  // Only wanted clean does it have a register of its own (`reg`).
  VReg x = reg(r.arg(0));
  make(Op::MovLoad, Width::W32).rm(rm_reg(x)).def(result(i));
}

void Lowering::extend(Inst i, const InstRow &r, u32 op) {
  // Movsx32 of a 32-bit load folds; the narrower ones read less than a load of the full type did.
  RmOperand m = r.op == ir::Op::ExtendS ? rm(r.arg(0)) : rm_reg(reg(r.arg(0)));
  make(static_cast<Op>(op), x64::width_of(r.type)).rm(m).def(result(i));
}

// --- division

namespace {

/// x / c for 32-bit unsigned x by a 64-bit product: (x * m) >> (32 + shift), exact for all x if m has 33 bits
/// at most; the 33rd is added separately. (Granlund and Montgomery, Division by Invariant Integers, 1994.)
struct Reciprocal {
  u64 multiplier; ///< up to 2^33
  u32 shift;
};

Reciprocal unsigned_reciprocal(u32 c) {
  u32 bits = 32 - static_cast<u32>(std::countl_zero(c - 1)); // ceil(log2 c)
  // m = floor(2^32 * (2^bits - c) / c) + 1 + 2^32
  u64 m = ((((u64{1} << bits) - c) << 32) / c) + 1;
  return {m + (u64{1} << 32), bits};
}

} // namespace

/// Unsigned 32-bit division by a constant that is no power of two.
bool Lowering::divide_by_constant(Inst i, const InstRow &r, u32 op) {
  bool is_rem = static_cast<Op>(op) == Op::RemU;
  if (r.type != Type::I32 || !is_const(r.arg(1)) || (static_cast<Op>(op) != Op::DivU && !is_rem))
    return false;
  u32 c = static_cast<u32>(row(r.arg(1)).bits());
  if (c < 3 || std::has_single_bit(c))
    return false;
  Reciprocal m = unsigned_reciprocal(c);
  // An even multiplier gives a shorter one that does as well.
  while (m.multiplier % 2 == 0 && m.shift > 0) {
    m.multiplier /= 2;
    --m.shift;
  }
  VReg x = fresh(VKind::I32), quotient = is_rem ? fresh(VKind::I32) : result(i);
  VReg source = reg(r.arg(0));
  make(Op::MovLoad, Width::W32).rm(rm_reg(source)).def(x); // clean: the product is of 64 bits
  u64 low = m.multiplier & 0xffffffff;
  VReg factor = fresh(VKind::I64), product = fresh(VKind::I64);
  make(Op::Const, Width::W64).imm(low).flags(codegen::is_remat).def(factor);
  make(Op::Imul, Width::W64).use(factor).rm(rm_reg(x)).def_reuse(product, 0);
  if (m.multiplier >> 32 == 0) {
    make(Op::ShrImm, Width::W64).use(product).def_reuse(quotient, 0).imm(32 + m.shift);
  } else {
    // (product >> 32 + x) >> shift; the sum has 33 bits.
    VReg high = fresh(VKind::I64), all = fresh(VKind::I64);
    make(Op::ShrImm, Width::W64).use(product).def_reuse(high, 0).imm(32);
    make(Op::Lea, Width::W64).rm({.mode = Mode::BaseIndex, .a = high, .b = x}).def(all);
    make(Op::ShrImm, Width::W64).use(all).def_reuse(quotient, 0).imm(m.shift);
  }
  if (is_rem) {
    VReg whole = fresh(VKind::I32);
    make(Op::ImulImm, Width::W32).rm(rm_reg(quotient)).def(whole).imm(c);
    make(Op::Sub, Width::W32).use(x).rm(rm_reg(whole)).def_reuse(result(i), 0);
  }
  return true;
}

void Lowering::divide(Inst i, const InstRow &r, u32 op_number) {
  Op op = static_cast<Op>(op_number);
  if (divide_by_constant(i, r, op_number))
    return;
  Width w = x64::width_of(r.type);
  u64 known = 0; // what the emitter need not test: 1 zero, 2 overflow
  if (is_const(r.arg(1)))
    known = (const_value(r.arg(1)) != 0 ? 1u : 0u) | (const_value(r.arg(1)) != -1 ? 2u : 0u);
  if (is_const(r.arg(0)) && const_value(r.arg(0)) != (w == Width::W64 ? INT64_MIN : INT32_MIN))
    known |= op == Op::DivS ? 2 : 0;
  VReg a = reg(r.arg(0)), b = reg(r.arg(1));
  bool is_quotient = op == Op::DivS || op == Op::DivU;
  VReg other = fresh(kind_of(r.type));
  VReg quotient = is_quotient ? result(i) : other, remainder = is_quotient ? other : result(i);
  make(op, w)
      .use_fixed(a, int_reg(rax))
      .use_late(b)
      .def_fixed(quotient, int_reg(rax))
      .def_fixed(remainder, int_reg(rdx))
      .imm(known);
}

} // namespace trapeze::x64
