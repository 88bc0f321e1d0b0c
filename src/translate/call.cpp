// Calls. Spec: Execution, Control Instructions (call, call_ref, call_indirect and their tail forms).
//
// A function of this module is called directly. All others by address and context: an imported one's stand
// in the instance, a function reference points at its FuncRef. The heap's first page is never mapped, so a
// null reference shows as a fault of the first load through it.
#include "translate/translator.hh"

namespace trapeze::translate {

namespace {

struct Callee {
  Value code, context;
};

/// A word of the FuncRef behind `address`. It never changes.
Value func_ref_word(Translator &t, Type type, Value address, u32 offset, bool may_be_null, abi::TrapCode trap) {
  return t.build.load(type, address, offset,
                      {.size_log2 = static_cast<u8>(type == Type::I64 ? 3 : 2),
                       .can_trap = may_be_null,
                       .removable = !may_be_null,
                       .alias = Alias::Fixed,
                       .trap = trap});
}

Value heap_address(Translator &t, Value ref) {
  return t.build.binary(Op::Add, t.field(offsetof(abi::InstanceContext, heap_base)), t.extend(ref));
}

Callee callee_of(Translator &t, Value address, bool may_be_null, abi::TrapCode trap) {
  const Value code = func_ref_word(t, Type::I64, address, offsetof(abi::FuncRef, code), may_be_null, trap);
  const Value context = func_ref_word(t, Type::I64, address, offsetof(abi::FuncRef, context), false, trap);
  return {code, context};
}

/// Traps unless the callee's type is the wanted one, or one of its subtypes where it may have any.
void check_type(Translator &t, Value address, bool may_be_null, u32 wanted_type) {
  const Value actual = func_ref_word(t, Type::I32, address, offsetof(abi::FuncRef, type_id), may_be_null,
                                     abi::TrapCode::UninitializedElement);
  const Value ids = t.field(offsetof(abi::InstanceContext, type_ids));
  const Value wanted = t.load_fixed(Type::I32, ids, 4 * wanted_type);
  if (t.module->types[wanted_type].is_final)
    return t.build.trap_if(t.build.icmp(Cond::Ne, actual, wanted), abi::TrapCode::IndirectCallTypeMismatch);
  const Block before = t.block;
  const Block same = t.variables.make_block(), other = t.variables.make_block();
  const Block behind = t.variables.make_join(t.variables.tick(), before);
  t.branch(t.build.icmp(Cond::Eq, actual, wanted), same, other, 1);
  t.set_block(same);
  t.jump(behind);
  t.set_block(other);
  t.fn->blocks[other].is_cold = true;
  const Value is_subtype = t.call_builtin(abi::Builtin::IsSubtype, {{actual, wanted}});
  t.build.trap_if(t.build.icmp(Cond::Eq, is_subtype, t.build.i32(0)), abi::TrapCode::IndirectCallTypeMismatch);
  t.jump(behind);
  t.variables.seal(behind);
  t.set_block(behind);
}

/// Arguments popped into t.scratch, behind what is there already.
void take_arguments(Translator &t, u32 count) {
  const auto args = t.top(count);
  t.scratch.insert(t.scratch.end(), args.begin(), args.end());
  t.drop(count);
}

void call_pointer(Translator &t, const Operator &o, Callee callee, wasm::TypeIndex type, bool is_tail) {
  const ir::Sig sig = t.signature(type, o.offset);
  if (t.failed())
    return;
  t.scratch.assign({callee.code, callee.context});
  take_arguments(t, static_cast<u32>(t.module->type_at(type).params.size()));
  if (is_tail) {
    t.call(Op::ReturnCallPtr, 0, sig, t.scratch, no_region);
    return t.die();
  }
  t.push_results(t.call(Op::CallPtr, 0, sig, t.scratch, t.region), sig);
}

} // namespace

void call_direct(Translator &t, const Operator &o, u32 is_tail) {
  const wasm::Func &func = t.module->funcs[o.index];
  if (func.is_imported) {
    const u32 at = t.context->layout.function(o.index);
    const Callee callee{t.field(at + offsetof(abi::ImportedFunc, code)),
                        t.field(at + offsetof(abi::ImportedFunc, context))};
    return call_pointer(t, o, callee, func.type, is_tail != 0);
  }
  const ir::Sig sig = t.signature(func.type, o.offset);
  if (t.failed())
    return;
  t.scratch.clear();
  take_arguments(t, static_cast<u32>(t.module->type_at(func.type).params.size()));
  if (is_tail != 0) {
    t.call(Op::ReturnCall, o.index, sig, t.scratch, no_region);
    return t.die();
  }
  t.push_results(t.call(Op::Call, o.index, sig, t.scratch, t.region), sig);
}

/// Immediates: type, table. The element's own type may say enough.
void call_indirect(Translator &t, const Operator &o, u32 is_tail) {
  if (!is_usable_table(t, o, o.index2))
    return;
  const wasm::ValType element = t.module->tables[o.index2].type.element;
  const wasm::TypeIndex type{o.index};
  const Value ref = table_element(t, o.index2, t.pop(), abi::TrapCode::UndefinedElement);
  const Value address = heap_address(t, ref);
  bool may_be_null = element.is_nullable();
  if (!wasm::matches(*t.module, element.heap(), wasm::HeapType{wasm::HeapKind::Concrete, type})) {
    check_type(t, address, may_be_null, o.index);
    may_be_null = false;
  }
  call_pointer(t, o, callee_of(t, address, may_be_null, abi::TrapCode::UninitializedElement), type, is_tail != 0);
}

void call_ref(Translator &t, const Operator &o, u32 is_tail) {
  const Value address = heap_address(t, t.pop());
  const Callee callee = callee_of(t, address, o.type.is_nullable(), abi::TrapCode::NullFunctionReference);
  call_pointer(t, o, callee, wasm::TypeIndex{o.index}, is_tail != 0);
}

} // namespace trapeze::translate
