// Conditions: a compare becomes flags where it is used (branch, select, trap_if, a condition as a value), as
// often as it is used. Fcmp: ucomis sets CF for less, ZF for equal, and CF, ZF, PF for unordered, so
// `above` and `above or equal` are false for NaN: less-than swaps its operands; equality needs two conditions.
#include "target/x64/encode.hh"
#include "target/x64/lower.hh"

#include "base/assert.hh"
#include "ir/conditions.hh"

namespace trapeze::x64 {

static Cond hardware(ir::Cond c) {
  static constexpr Cond table[] = {Cond::E, Cond::Ne, Cond::L,  Cond::B,  Cond::G,
                                   Cond::A, Cond::Le, Cond::Be, Cond::Ge, Cond::Ae};
  return table[static_cast<u32>(c)];
}

static ir::Cond as_unsigned(ir::Cond c) {
  using C = ir::Cond;
  static constexpr C table[] = {C::Eq, C::Ne, C::LtU, C::LtU, C::GtU, C::GtU, C::LeU, C::LeU, C::GeU, C::GeU};
  return table[static_cast<u32>(c)];
}

/// Flags for `v != 0`; the last thing of its group before their user.
Cond Lowering::condition(Value v) {
  bool inverted = false;
  bool outer = may_sink_;
  Cond cc;
  for (;;) {
    const InstRow &r = row(v);
    may_sink_ = may_sink_ && info_[v].uses == 1;
    bool against_zero = r.op == ir::Op::Icmp && is_const(r.arg(1)) && const_value(r.arg(1)) == 0;
    bool is_eq = r.aux == static_cast<u16>(ir::Cond::Eq), is_ne = r.aux == static_cast<u16>(ir::Cond::Ne);
    ir::Op inner = against_zero ? row(r.arg(0)).op : ir::Op::Const;
    if ((inner == ir::Op::Icmp || inner == ir::Op::Fcmp) && (is_eq || is_ne)) {
      inverted ^= is_eq;
      v = r.arg(0);
      continue;
    }
    if (r.op == ir::Op::Icmp) {
      cc = compare(v);
    } else if (r.op == ir::Op::Fcmp) {
      cc = compare_float(v);
    } else {
      may_sink_ = outer;
      cc = compare_zero(v, Cond::Ne, Width::W32);
    }
    break;
  }
  may_sink_ = outer;
  return inverted ? inverse(cc) : cc;
}

/// A zero-extended narrow load against a constant of its range: cmp byte [m], c.
bool Lowering::compare_narrow(Value x, Value c, Cond &cc) {
  const InstRow &load = row(x);
  if (load.op != ir::Op::Load || ir::is_float_class(load.type))
    return false;
  ir::Access access = ir::Access::unpack(load.aux);
  u32 bytes = 1u << access.size_log2;
  if (bytes >= ir::size_of(load.type) || bytes > 2 || access.sign_extend || !can_sink(x, bytes))
    return false;
  i64 value = const_value(c);
  if (value < 0 || value >= i64{1} << (8 * bytes))
    return false;
  cc = hardware(as_unsigned(static_cast<ir::Cond>(row(root_compare_).aux)));
  RmOperand m = sink(x);
  make(Op::CmpImm, bytes == 1 ? Width::W8 : Width::W16).rm(m).imm(static_cast<u64>(value));
  return true;
}

/// test sets the flags that a compare with zero sets.
Cond Lowering::compare_zero(Value x, Cond cc, Width w) {
  const InstRow &r = row(x);
  bool own = may_sink_ && info_[x].uses == 1 && !is_demanded(x);
  if (own && can_sink(x, bytes_of(w))) {
    RmOperand m = sink(x);
    make(Op::CmpImm, w).rm(m).imm(0);
  } else if (own && r.op == ir::Op::And && x64::width_of(r.type) == w && const_fits(r.arg(1))) {
    u64 mask = static_cast<u64>(const_value(r.arg(1)));
    bool is_byte = mask < 0x80; // the sign bit clear in both widths
    VReg a = reg(r.arg(0));
    make(Op::TestImm, is_byte ? Width::W8 : w).use(a).imm(mask);
  } else if (own && r.op == ir::Op::And && x64::width_of(r.type) == w && !is_const(r.arg(1))) {
    bool swap = can_sink(r.arg(1), bytes_of(w)) && r.arg(0) != r.arg(1);
    VReg a = reg(r.arg(swap ? 0 : 1));
    RmOperand m = rm(r.arg(swap ? 1 : 0));
    make(Op::Test, w).use(a).rm(m);
  } else {
    VReg a = reg(x);
    make(Op::Test, w).use(a).use(a);
  }
  return cc;
}

Cond Lowering::compare(Inst i) {
  const InstRow &r = row(i);
  root_compare_ = i;
  Value a = r.arg(0), b = r.arg(1);
  ir::Cond cond = static_cast<ir::Cond>(r.aux);
  Width w = x64::width_of(fn_->type(a));
  if (is_const(a) && !is_const(b)) {
    std::swap(a, b);
    cond = ir::swapped(cond);
  } else if (is_const(b)) {
    Cond cc;
    if (compare_narrow(a, b, cc))
      return cc;
  }
  if (is_const(b) && const_value(b) == 0)
    return compare_zero(a, hardware(cond), w);
  if (const_fits(b)) {
    RmOperand m = rm(a);
    make(Op::CmpImm, w).rm(m).imm(static_cast<u64>(const_value(b)));
    return hardware(cond);
  }
  if (!can_sink(b, bytes_of(w)) && can_sink(a, bytes_of(w)) && a != b) {
    std::swap(a, b);
    cond = ir::swapped(cond);
  }
  VReg x = reg(a);
  RmOperand m = a == b ? rm_reg(x) : rm(b);
  make(Op::Cmp, w).use(x).rm(m);
  return hardware(cond);
}

Cond Lowering::compare_float(Inst i) {
  const InstRow &r = row(i);
  Value a = r.arg(0), b = r.arg(1);
  ir::FloatCond cond = static_cast<ir::FloatCond>(r.aux);
  if (cond == ir::FloatCond::Lt || cond == ir::FloatCond::Le)
    std::swap(a, b);
  VReg x = reg(a);
  RmOperand m = a == b ? rm_reg(x) : rm(b);
  make(Op::Ucomis, x64::width_of(fn_->type(a))).use(x).rm(m);
  switch (cond) {
  case ir::FloatCond::Eq:
    return Cond::FloatEq;
  case ir::FloatCond::Ne:
    return Cond::FloatNe;
  case ir::FloatCond::Lt:
  case ir::FloatCond::Gt:
    return Cond::A;
  default:
    return Cond::Ae;
  }
}

/// The compare after which CF (`carry`) or its absence says whether the condition holds, if there is one.
std::optional<Lowering::CarryCompare> Lowering::carry_compare(Inst i) const {
  using C = ir::Cond;
  const InstRow &r = row(i);
  CarryCompare out{r.arg(0), r.arg(1)};
  C cond = static_cast<C>(r.aux);
  const bool is_32 = x64::width_of(fn_->type(out.a)) == Width::W32;
  if (is_const(out.a) && !is_const(out.b)) {
    std::swap(out.a, out.b);
    cond = ir::swapped(cond);
  }
  if (is_const(out.b) && const_value(out.b) == 0 && (cond == C::Eq || cond == C::Ne))
    cond = cond == C::Eq ? C::LeU : C::GtU;
  const bool takes_equal = cond == C::GtU || cond == C::LeU; // against a constant c: a > c is not a < c + 1
  if (!takes_equal && cond != C::LtU && cond != C::GeU)
    return std::nullopt;
  if (is_const(out.b)) {
    const i64 c = const_value(out.b);
    if (takes_equal && c == -1)
      return std::nullopt;
    const i64 limit = static_cast<i64>(static_cast<u64>(c) + (takes_equal ? 1 : 0));
    out.limit = is_32 ? static_cast<i32>(limit) : limit;
    out.carry = cond == C::LtU || cond == C::LeU;
    return fits_signed(out.limit, 32) ? std::optional(out) : std::nullopt;
  }
  if (takes_equal) {
    std::swap(out.a, out.b);
    cond = ir::swapped(cond);
  }
  out.carry = cond == C::LtU;
  return out;
}

void Lowering::compare_to_carry(const CarryCompare &c) {
  const Width w = x64::width_of(fn_->type(c.a));
  if (is_const(c.b)) {
    RmOperand m = rm(c.a);
    make(Op::CmpImm, w).rm(m).imm(static_cast<u64>(c.limit));
    return;
  }
  VReg x = reg(c.a);
  RmOperand m = c.a == c.b ? rm_reg(x) : rm(c.b);
  make(Op::Cmp, w).use(x).rm(m);
}

/// x + (a < b), x - (a < b): the carry goes in without being made a value.
///
///   cmp a, b          cmp b, a
///   adc x, 0          sbb x, -1      ; a <= b, unsigned, is no borrow of b - a
bool Lowering::add_condition(Inst i, const InstRow &r, bool subtracts) {
  for (u32 k = 2; k-- > (subtracts ? 1u : 0u);) {
    Value condition = r.arg(k), other = r.arg(1 - k);
    if (row(condition).op == ir::Op::ExtendU && info_[condition].uses == 1)
      condition = row(condition).arg(0);
    if (row(condition).op != ir::Op::Icmp || info_[condition].uses != 1 || is_const(other) || other == condition)
      continue;
    // Nothing is asked for before it is certain: what is demanded cannot go into another instruction any more.
    const std::optional<CarryCompare> compare = carry_compare(condition);
    if (!compare)
      continue;
    VReg x = reg(other);
    compare_to_carry(*compare);
    const bool carry = compare->carry;
    Op op = carry != subtracts ? Op::AdcImm : Op::SbbImm;
    make(op, x64::width_of(r.type)).use(x).def_reuse(result(i), 0).imm(carry ? 0 : ~u64{0});
    return true;
  }
  return false;
}

void Lowering::set_condition(Inst i, const InstRow &, u32) {
  // The compare is this instruction: its other users got it as a value.
  bool outer = may_sink_;
  VReg v = result(i);
  Cond cc = row(i).op == ir::Op::Icmp ? compare(i) : compare_float(i);
  may_sink_ = outer;
  make(Op::SetCond, Width::W32, cc).def(v);
}

void Lowering::select(Inst i, const InstRow &r, u32) {
  Value yes = r.arg(1), no = r.arg(2);
  Width w = x64::width_of(r.type);
  if (ir::is_float_class(r.type)) {
    VReg x = reg(yes), y = reg(no), v = result(i);
    Cond cc = condition(r.arg(0));
    make(Op::FloatSelect, w, cc).use(y).use(x).def_reuse(v, 0);
    return;
  }
  VReg v = result(i);
  bool flip = is_demanded(no) && !is_demanded(yes) && !is_const(yes); // `yes` dies here
  VReg x = reg(yes), y = reg(no);
  Cond cc = condition(r.arg(0));
  if (cc == Cond::FloatEq || cc == Cond::FloatNe) {
    // Unequal or unordered takes the second.
    VReg first = cc == Cond::FloatEq ? x : y, second = cc == Cond::FloatEq ? y : x;
    make(Op::CmovPair, w, Cond::FloatNe).use(first).use(second).def_reuse(v, 0);
  } else if (flip) {
    make(Op::Cmov, w, inverse(cc)).use(x).rm(rm_reg(y)).def_reuse(v, 0);
  } else {
    make(Op::Cmov, w, cc).use(y).rm(rm_reg(x)).def_reuse(v, 0);
  }
}

} // namespace trapeze::x64
