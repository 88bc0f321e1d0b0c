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
  if (add_condition(i, r, false))
    return;
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
  } else if (add_condition(i, r, true)) {
    return;
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

/// x & ~y. The inversion has no other user.
bool Lowering::and_inverted(Inst i, const InstRow &r) {
  for (u32 k = 0; k < 2; ++k) {
    Value y = r.arg(k), x = r.arg(1 - k);
    const InstRow &inversion = row(y);
    if (inversion.op != ir::Op::Xor || !is_const(inversion.arg(1)) || const_value(inversion.arg(1)) != -1 ||
        info_[y].uses != 1)
      continue;
    VReg inverted = reg(inversion.arg(0));
    RmOperand m = x == inversion.arg(0) ? rm_reg(inverted) : rm(x);
    make(Op::Andn, x64::width_of(r.type)).rm(m).use(inverted).def(result(i));
    return true;
  }
  return false;
}

/// x & (x - 1), x ^ (x - 1), x & -x. The inner one has no other user.
bool Lowering::lowest_bit(Inst i, const InstRow &r, Op op) {
  for (u32 k = 0; k < 2; ++k) {
    Value x = r.arg(k), y = r.arg(1 - k);
    const InstRow &inner = row(y);
    if (info_[y].uses != 1)
      continue;
    bool less_one =
        inner.op == ir::Op::Add && inner.arg(0) == x && is_const(inner.arg(1)) && const_value(inner.arg(1)) == -1;
    bool negated =
        inner.op == ir::Op::Sub && inner.arg(1) == x && is_const(inner.arg(0)) && const_value(inner.arg(0)) == 0;
    if (!less_one && !(negated && op == Op::And))
      continue;
    VReg v = reg(x);
    make(op == Op::Xor ? Op::Blsmsk
         : less_one    ? Op::Blsr
                       : Op::Blsi,
         x64::width_of(r.type))
        .rm(rm_reg(v))
        .def(result(i));
    return true;
  }
  return false;
}

void Lowering::bitwise(Inst i, const InstRow &r, u32 op_number) {
  Op op = static_cast<Op>(op_number);
  Width w = x64::width_of(r.type);
  Value a = r.arg(0), b = r.arg(1);
  if (!is_const(b)) {
    if (has(cpu_bmi1) && op != Op::Or && ((op == Op::And && and_inverted(i, r)) || lowest_bit(i, r, op)))
      return;
    return two_address(i, op, a, b, w, true);
  }
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
  Value value = r.arg(0);
  bool is_rotation = op == Op::Rol || op == Op::Ror;
  if (has(cpu_bmi2) && !is_const(r.arg(1)) && !is_rotation) {
    VReg count = reg(r.arg(1));
    RmOperand m = value == r.arg(1) ? rm_reg(count) : rm(value);
    make(op == Op::Shl ? Op::Shlx : op == Op::Shr ? Op::Shrx : Op::Sarx, w).rm(m).use(count).def(result(i));
    return;
  }
  // A copy is saved where the operand lives on.
  if (has(cpu_bmi2) && is_const(r.arg(1)) && is_rotation && (is_demanded(value) || can_sink(value, bytes_of(w)))) {
    u64 count = row(r.arg(1)).bits() & (bits_of(w) - 1);
    RmOperand m = rm(value);
    make(Op::Rorx, w).rm(m).def(result(i)).imm(op == Op::Ror ? count : (bits_of(w) - count) & (bits_of(w) - 1));
    return;
  }
  VReg x = reg(value);
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
  bool is_direct =
      (op == static_cast<u32>(Op::Clz) && has(cpu_lzcnt)) || (op == static_cast<u32>(Op::Ctz) && has(cpu_bmi1));
  if (is_direct) {
    RmOperand m = rm(r.arg(0));
    make(op == static_cast<u32>(Op::Clz) ? Op::Lzcnt : Op::Tzcnt, x64::width_of(r.type)).rm(m).def(result(i));
    return;
  }
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

} // namespace trapeze::x64
