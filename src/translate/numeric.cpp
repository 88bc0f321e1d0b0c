// Numeric operators. Spec: Execution, Numeric Instructions. Exact semantics live in ir/fold and the targets.
#include "translate/translator.hh"

namespace trapeze::translate {

static Op op_of(u32 argument) { return static_cast<Op>(argument & 0xff); }
static Type type_of(u32 argument) { return static_cast<Type>(argument >> 8); }

void binary(Translator &t, const Operator &, u32 argument) {
  const Value y = t.pop(), x = t.pop();
  t.push(t.build.binary(op_of(argument), x, y));
}

void trapping_binary(Translator &t, const Operator &, u32 argument) {
  const Value y = t.pop(), x = t.pop();
  t.push(t.build.can_trap({op_of(argument), type_of(argument), 0, Builder::id(x), Builder::id(y), 0}));
}

void unary(Translator &t, const Operator &, u32 argument) {
  t.push(t.build.unary(op_of(argument), type_of(argument), t.pop()));
}

void trapping_unary(Translator &t, const Operator &, u32 argument) {
  t.push(t.build.can_trap({op_of(argument), type_of(argument), 0, Builder::id(t.pop()), 0, 0}));
}

void compare_int(Translator &t, const Operator &, u32 cond) {
  const Value y = t.pop(), x = t.pop();
  t.push(t.build.icmp(static_cast<Cond>(cond), x, y));
}

void compare_float(Translator &t, const Operator &, u32 cond) {
  const Value y = t.pop(), x = t.pop();
  t.push(t.build.fcmp(static_cast<FloatCond>(cond), x, y));
}

void eqz(Translator &t, const Operator &, u32) {
  const Value x = t.pop();
  t.push(t.build.icmp(Cond::Eq, x, t.build.constant(t.build.type(x), 0)));
}

void constant(Translator &t, const Operator &o, u32 type) { t.push(t.build.constant(static_cast<Type>(type), o.bits)); }

} // namespace trapeze::translate
