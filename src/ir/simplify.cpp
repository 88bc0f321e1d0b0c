// Identities, canonical forms and strength reduction on one row, given the rows of its operands.
//
// Each rule holds for all inputs, traps included. Rules look one definition deep, so the cost per row is
// constant; chains come out right because operands were simplified before.
// No rule makes a float operation disappear that would quiet a signalling NaN.
#include "ir/builder.hh"
#include "ir/fold.hh"

#include <bit>

namespace trapeze::ir {

namespace {

struct Rules {
  Builder &b;
  InstRow &row;
  bool &changed;

  const InstRow &def(u32 arg) const { return b.def(row.arg(arg)); }
  Value arg(u32 i) const { return row.arg(i); }
  u32 width() const { return row.type == Type::I64 ? 64 : 32; }
  u64 mask() const { return row.type == Type::I64 ? ~u64{0} : 0xffffffff; }
  Value constant(u64 bits) const { return b.constant(row.type, bits & mask()); }
  Value become(Op op, Value x, Value y) {
    row.op = op;
    row.a = Builder::id(x);
    row.b = Builder::id(y);
    changed = true;
    return no_inst;
  }

  void constant_second() {
    if (b.is_const(arg(0)) && !b.is_const(arg(1)))
      become(row.op, arg(1), arg(0));
  }

  /// (x op c1) op c2 -> x op (c1 op c2), for associative and commutative op.
  bool reassociate(u64 c2) {
    const InstRow inner = def(0);
    if (inner.op != row.op || !b.is_const(inner.arg(1)))
      return false;
    const auto both = fold(row, row.type, b.def(inner.arg(1)).bits(), c2);
    if (!both)
      return false;
    become(row.op, inner.arg(0), constant(*both));
    return true;
  }

  Value add() {
    constant_second();
    if (!b.is_const(arg(1)))
      return no_inst;
    const u64 c = def(1).bits();
    if (c == 0)
      return arg(0);
    reassociate(c);
    return no_inst;
  }

  Value sub() {
    if (arg(0) == arg(1))
      return constant(0);
    if (b.is_const(arg(1)))
      return become(Op::Add, arg(0), constant(0 - def(1).bits()));
    return no_inst;
  }

  Value mul() {
    constant_second();
    if (!b.is_const(arg(1)))
      return no_inst;
    const u64 c = def(1).bits();
    if (c == 0)
      return arg(1);
    if (c == 1)
      return arg(0);
    if (std::has_single_bit(c))
      return become(Op::Shl, arg(0), constant(static_cast<u64>(std::countr_zero(c))));
    reassociate(c);
    return no_inst;
  }

  Value bitwise() {
    constant_second();
    if (arg(0) == arg(1))
      return row.op == Op::Xor ? constant(0) : arg(0);
    if (!b.is_const(arg(1)))
      return no_inst;
    const u64 c = def(1).bits();
    if (c == 0)
      return row.op == Op::And ? arg(1) : arg(0);
    if (c == mask() && row.op != Op::Xor)
      return row.op == Op::And ? arg(0) : arg(1);
    if (reassociate(c))
      return no_inst;
    // A compare or a narrow load has clean upper bits already.
    if (row.op == Op::And && (known_mask(arg(0)) & ~c) == 0)
      return arg(0);
    return no_inst;
  }

  /// Bits that may be set in a value.
  u64 known_mask(Value v) const {
    const InstRow &d = b.def(v);
    switch (d.op) {
    case Op::Icmp:
    case Op::Fcmp:
      return 1;
    case Op::Load: {
      const Access access = Access::unpack(d.aux);
      return access.sign_extend || access.size_log2 > 2 ? ~u64{0} : (u64{1} << (8u << access.size_log2)) - 1;
    }
    case Op::ExtendU:
      return 0xffffffff;
    case Op::And:
      return b.is_const(d.arg(1)) ? b.def(d.arg(1)).bits() : ~u64{0};
    case Op::ShrU:
      return b.is_const(d.arg(1)) ? (d.type == Type::I64 ? ~u64{0} : 0xffffffff) >>
                                        (b.def(d.arg(1)).bits() & (d.type == Type::I64 ? 63 : 31))
                                  : ~u64{0};
    default:
      return ~u64{0};
    }
  }

  Value shift() {
    if (!b.is_const(arg(1)))
      return no_inst;
    const u64 c = def(1).bits() & (width() - 1);
    if (c == 0)
      return arg(0);
    if (c != def(1).bits())
      return become(row.op, arg(0), constant(c));
    // Two shifts the same way add up.
    const InstRow inner = def(0);
    if (inner.op == row.op && row.op != Op::Rotl && row.op != Op::Rotr && b.is_const(inner.arg(1))) {
      const u64 sum = c + b.def(inner.arg(1)).bits();
      if (sum < width())
        return become(row.op, inner.arg(0), constant(sum));
      if (row.op != Op::ShrS)
        return constant(0);
    }
    return no_inst;
  }

  Value divide() {
    if (!b.is_const(arg(1)))
      return no_inst;
    const u64 c = def(1).bits();
    if (c == 1)
      return row.op == Op::DivS || row.op == Op::DivU ? arg(0) : constant(0);
    if (!std::has_single_bit(c))
      return no_inst;
    if (row.op == Op::DivU)
      return become(Op::ShrU, arg(0), constant(static_cast<u64>(std::countr_zero(c))));
    if (row.op == Op::RemU)
      return become(Op::And, arg(0), constant(c - 1));
    return c == u64{1} << (width() - 1) ? no_inst : signed_by_power(static_cast<u32>(std::countr_zero(c)));
  }

  /// x / 2^k rounds towards zero: add 2^k - 1 to negative x first, then shift; the remainder is x - (x / 2^k << k).
  Value signed_by_power(u32 k) {
    const Value x = arg(0);
    const Value sign = b.binary(Op::ShrS, x, constant(width() - 1));
    const Value bias = b.binary(Op::ShrU, sign, constant(width() - k));
    const Value biased = b.binary(Op::Add, x, bias);
    if (row.op == Op::DivS)
      return b.binary(Op::ShrS, biased, constant(k));
    return b.binary(Op::Sub, x, b.binary(Op::And, biased, constant(~u64{0} << k)));
  }

  Value icmp() {
    const Cond cond = static_cast<Cond>(row.aux);
    if (arg(0) == arg(1))
      return b.i32(holds(cond, Type::I32, 0, 0));
    if (b.is_const(arg(0)) && !b.is_const(arg(1))) {
      row.aux = static_cast<u16>(swapped(cond));
      return become(Op::Icmp, arg(1), arg(0));
    }
    if (!b.is_const(arg(1)) || def(1).bits() != 0)
      return no_inst;
    return against_zero(cond);
  }

  Value against_zero(Cond cond) {
    if (cond == Cond::LtU || cond == Cond::GeU) // never, always
      return b.i32(cond == Cond::GeU);
    const InstRow inner = def(0);
    const bool eq = cond == Cond::Eq || cond == Cond::LeU, ne = cond == Cond::Ne || cond == Cond::GtU;
    if (inner.op == Op::Icmp && ne)
      return arg(0);
    if (inner.op == Op::Fcmp && ne)
      return arg(0);
    if (inner.op == Op::Icmp && eq) {
      row.aux = static_cast<u16>(inverse(static_cast<Cond>(inner.aux)));
      return become(Op::Icmp, inner.arg(0), inner.arg(1));
    }
    // x - y == 0 and x ^ y == 0 ask whether x == y.
    if ((eq || ne) && (inner.op == Op::Sub || inner.op == Op::Xor)) {
      row.aux = static_cast<u16>(eq ? Cond::Eq : Cond::Ne);
      return become(Op::Icmp, inner.arg(0), inner.arg(1));
    }
    return no_inst;
  }

  Value select() {
    if (arg(1) == arg(2))
      return arg(1);
    if (b.is_const(arg(0)))
      return static_cast<u32>(def(0).bits()) != 0 ? arg(1) : arg(2);
    const InstRow condition = def(0);
    if (condition.op == Op::Icmp && b.is_const(condition.arg(1)) && b.def(condition.arg(1)).bits() == 0 &&
        b.type(condition.arg(0)) == Type::I32 && condition.aux <= static_cast<u16>(Cond::Ne)) {
      row.a = condition.a; // x != 0 ? y : z  ->  x ? y : z
      if (condition.aux == static_cast<u16>(Cond::Eq))
        std::swap(row.b, row.c);
      changed = true;
    }
    return no_inst;
  }

  Value wrap() {
    const InstRow inner = def(0);
    if ((inner.op == Op::ExtendS || inner.op == Op::ExtendU) && b.type(inner.arg(0)) == Type::I32)
      return inner.arg(0);
    return no_inst;
  }

  Value extend_s() {
    // What is known to be non-negative extends either way.
    if (known_mask(arg(0)) <= 0x7fffffff) {
      row.op = Op::ExtendU;
      changed = true;
    }
    return no_inst;
  }

  Value extend_narrow() {
    const InstRow inner = def(0);
    const u32 bits = row.op == Op::Extend8S ? 8 : row.op == Op::Extend16S ? 16 : 32;
    if (inner.op == row.op || (row.op == Op::Extend32S && inner.op == Op::ExtendS))
      return arg(0);
    if (inner.op == Op::Load) {
      const Access access = Access::unpack(inner.aux);
      if (access.sign_extend && (8u << access.size_log2) <= bits)
        return arg(0);
    }
    return known_mask(arg(0)) < u64{1} << (bits - 1) ? arg(0) : no_inst;
  }

  Value bitcast() {
    const InstRow inner = def(0);
    return inner.op == Op::Bitcast && b.type(inner.arg(0)) == row.type ? inner.arg(0) : no_inst;
  }

  Value fneg() { return def(0).op == Op::Fneg ? def(0).arg(0) : no_inst; }
  Value fabs() { return def(0).op == Op::Fabs ? arg(0) : no_inst; }
};

using Rule = Value (Rules::*)();

struct RuleRow {
  Op op;
  Rule rule;
};

constexpr RuleRow rule_rows[] = {
    {Op::Add, &Rules::add},
    {Op::Sub, &Rules::sub},
    {Op::Mul, &Rules::mul},
    {Op::DivS, &Rules::divide},
    {Op::DivU, &Rules::divide},
    {Op::RemS, &Rules::divide},
    {Op::RemU, &Rules::divide},
    {Op::And, &Rules::bitwise},
    {Op::Or, &Rules::bitwise},
    {Op::Xor, &Rules::bitwise},
    {Op::Shl, &Rules::shift},
    {Op::ShrS, &Rules::shift},
    {Op::ShrU, &Rules::shift},
    {Op::Rotl, &Rules::shift},
    {Op::Rotr, &Rules::shift},
    {Op::Icmp, &Rules::icmp},
    {Op::Select, &Rules::select},
    {Op::Wrap, &Rules::wrap},
    {Op::ExtendS, &Rules::extend_s},
    {Op::Extend8S, &Rules::extend_narrow},
    {Op::Extend16S, &Rules::extend_narrow},
    {Op::Extend32S, &Rules::extend_narrow},
    {Op::Bitcast, &Rules::bitcast},
    {Op::Fneg, &Rules::fneg},
    {Op::Fabs, &Rules::fabs},
};

struct RuleTable {
  Rule rules[op_count] = {};
  consteval RuleTable() {
    for (const RuleRow &r : rule_rows)
      rules[static_cast<u32>(r.op)] = r.rule;
  }
};
constexpr RuleTable rule_table;

} // namespace

Value simplify(Builder &b, InstRow &row, bool &changed) {
  const Rule rule = rule_table.rules[static_cast<u32>(row.op)];
  return rule == nullptr ? no_inst : (Rules{b, row, changed}.*rule)();
}

} // namespace trapeze::ir
