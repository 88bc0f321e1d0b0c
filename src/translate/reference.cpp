// References: 32-bit offsets into the store's heap, 0 is null. Spec: Execution, Reference Instructions.
#include "translate/translator.hh"

namespace trapeze::translate {

void ref_null(Translator &t, const Operator &, u32) { t.push(t.build.null()); }

void ref_is_null(Translator &t, const Operator &, u32) { t.push(t.build.icmp(Cond::Eq, t.pop(), t.build.null())); }

void ref_func(Translator &t, const Operator &o, u32) {
  t.push(t.call_builtin(abi::Builtin::RefFunc, {{t.build.i32(o.index)}}));
}

void ref_as_non_null(Translator &t, const Operator &o, u32) {
  if (o.type.is_nullable())
    t.build.trap_if(t.build.icmp(Cond::Eq, t.top(1)[0], t.build.null()), abi::TrapCode::NullReference);
}

void br_on_null(Translator &t, const Operator &o, u32) {
  const Value ref = t.pop();
  branch_to_label(t, o.index, t.build.icmp(Cond::Eq, ref, t.build.null()), true, 0);
  if (!t.is_dead())
    t.push(ref);
}

/// The label takes the reference as its last value; behind the operator it is gone.
void br_on_non_null(Translator &t, const Operator &o, u32) {
  branch_to_label(t, o.index, t.build.icmp(Cond::Ne, t.top(1)[0], t.build.null()), true, 0);
  if (!t.is_dead())
    t.pop();
}

} // namespace trapeze::translate
