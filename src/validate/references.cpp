// References of every kind: null, functions, i31, tests and casts. Spec: Validation, Reference Instructions.
#include "validate/handlers.hh"

#include <fmt/format.h>

namespace trapeze::validate {

using wasm::HeapKind;
using wasm::HeapType;

namespace {

/// The top of the hierarchy a heap type belongs to, as a nullable reference: what tests and casts take.
ValType top_of(const Walker &w, HeapType heap) {
  for (const HeapKind top : {HeapKind::Any, HeapKind::Func, HeapKind::Extern})
    if (wasm::matches(w.m, heap, {top}))
      return ValType::ref({top}, true);
  return wasm::exnref_type;
}

/// `type` without what a successful cast to `taken` removes. Spec: Conventions, difference of reference types.
ValType difference(ValType type, ValType taken) { return taken.is_nullable() ? type.as_non_null() : type; }

/// Operand and target label of a cast branch; null after reporting.
const Frame *cast_operand(Walker &w) {
  if (!w.check_type(w.op.heap) || !w.check_type(w.op.heap2))
    return nullptr;
  if (!wasm::matches(w.m, w.op.heap2, w.op.heap)) {
    w.set_invalid(fmt::format("type mismatch: {} is no subtype of {}", to_string(w.op.heap2), to_string(w.op.heap)));
    return nullptr;
  }
  const Frame *target = w.label(w.op.index);
  if (!target)
    return nullptr;
  w.op.type = w.pop(w.op.heap);
  w.op.type2 = w.op.heap2;
  w.op.label_types = w.label_types(*target);
  return target;
}

/// The label takes [t* ref] and gets `given` as its last value; the rest stays on the stack.
void pass_last(Walker &w, ValType given) {
  const Types types = w.op.label_types;
  if (types.empty() || !wasm::matches(w.m, given, types.back()))
    return w.set_invalid(fmt::format("type mismatch: {} gives its label {}, which takes {}", wasm::row(w.op.code).text,
                                     to_string(given), types.empty() ? "no value" : to_string(types.back())));
  w.retype(types.first(types.size() - 1));
}

/// any <-> extern: the same nullability.
void convert(Walker &w, HeapKind from, HeapKind to) {
  w.op.type = w.pop(ValType::ref({from}, true));
  w.push(ValType::ref({to}, w.op.type.is_ref() && w.op.type.is_nullable()));
}

} // namespace

void ref_null(Walker &w) {
  if (!w.check_type(w.op.heap))
    return;
  w.op.type = w.op.heap;
  w.push(w.op.heap);
}

void ref_is_null(Walker &w) {
  w.op.type = w.pop_ref();
  w.push(wasm::i32_type);
}

void ref_func(Walker &w) {
  if (!w.check_index(w.op.index, w.m.funcs.size(), "function"))
    return;
  const wasm::Func &func = w.m.funcs[w.op.index];
  if (!w.is_constant && !func.is_declared)
    return w.set_invalid(fmt::format("undeclared function reference {}", w.op.index));
  w.op.type = w.concrete(static_cast<u32>(func.type), false);
  w.push(w.op.type);
}

void ref_eq(Walker &w) {
  constexpr ValType eq = ValType::ref({HeapKind::Eq}, true);
  w.pop(eq);
  w.op.type = w.pop(eq);
  w.push(wasm::i32_type);
}

void ref_as_non_null(Walker &w) {
  w.op.type = w.pop_ref();
  w.push(w.op.type.as_non_null());
}

void br_on_null(Walker &w) {
  const Frame *target = w.label(w.op.index);
  if (!target)
    return;
  w.op.type = w.pop_ref();
  w.op.label_types = w.label_types(*target);
  w.retype(w.op.label_types);
  w.push(w.op.type.as_non_null());
}

void br_on_non_null(Walker &w) {
  const Frame *target = w.label(w.op.index);
  if (!target)
    return;
  w.op.type = w.pop_ref();
  w.op.label_types = w.label_types(*target);
  pass_last(w, w.op.type.as_non_null());
}

void ref_test(Walker &w) {
  if (!w.check_type(w.op.heap))
    return;
  w.op.type2 = w.op.heap;
  w.op.type = w.pop(top_of(w, w.op.heap.heap()));
  w.push(wasm::i32_type);
}

void ref_cast(Walker &w) {
  if (!w.check_type(w.op.heap))
    return;
  w.op.type2 = w.op.heap;
  w.op.type = w.pop(top_of(w, w.op.heap.heap()));
  w.push(w.op.heap);
}

void br_on_cast(Walker &w) {
  if (!cast_operand(w))
    return;
  pass_last(w, w.op.heap2);
  w.push(difference(w.op.heap, w.op.heap2));
}

void br_on_cast_fail(Walker &w) {
  if (!cast_operand(w))
    return;
  pass_last(w, difference(w.op.heap, w.op.heap2));
  w.push(w.op.heap2);
}

void any_convert_extern(Walker &w) { convert(w, HeapKind::Extern, HeapKind::Any); }

void extern_convert_any(Walker &w) { convert(w, HeapKind::Any, HeapKind::Extern); }

void ref_i31(Walker &w) {
  w.pop(wasm::i32_type);
  w.push(ValType::ref({HeapKind::I31}, false));
}

void i31_get(Walker &w) {
  w.op.type = w.pop(ValType::ref({HeapKind::I31}, true));
  w.push(wasm::i32_type);
}

} // namespace trapeze::validate
