// References: 32-bit offsets into the store's heap, 0 is null. Spec: Execution, Reference Instructions.
#include "translate/translator.hh"

namespace trapeze::translate {

void ref_null(Translator &t, const Operator &, u32) { t.push(t.b_.null()); }

void ref_is_null(Translator &t, const Operator &, u32) { t.push(t.b_.icmp(Cond::Eq, t.pop(), t.b_.null())); }

void ref_func(Translator &t, const Operator &o, u32) {
  t.push(t.call_builtin(abi::Builtin::RefFunc, {{t.b_.i32(o.index)}}));
}

void ref_as_non_null(Translator &t, const Operator &o, u32) {
  if (o.type.is_nullable())
    t.b_.trap_if(t.b_.icmp(Cond::Eq, t.top(1)[0], t.b_.null()), abi::TrapCode::NullReference);
}

void br_on_null(Translator &t, const Operator &o, u32) {
  const Value ref = t.pop();
  branch_to_label(t, o.index, t.b_.icmp(Cond::Eq, ref, t.b_.null()), true, 0);
  if (!t.is_dead())
    t.push(ref);
}

/// The label takes the reference as its last value; behind the operator it is gone.
void br_on_non_null(Translator &t, const Operator &o, u32) {
  branch_to_label(t, o.index, t.b_.icmp(Cond::Ne, t.top(1)[0], t.b_.null()), true, 0);
  if (!t.is_dead())
    t.pop();
}

} // namespace trapeze::translate
