// Table operators. Spec: Execution, Table Instructions.
//
// Elements are 32-bit references. The base never moves; the length is read through the descriptor.
#include "translate/translator.hh"

namespace trapeze::translate {

bool is_usable_table(Translator &t, const Operator &o, u32 table) {
  if (t.module->tables[table].type.limits.is_64)
    t.unsupported(wasm::Feature::Memory64, o);
  return !t.failed();
}

/// A table that cannot grow has the length that its type says, an imported one too.
static Value length(Translator &t, u32 table) {
  const wasm::Limits &limits = t.module->tables[table].type.limits;
  if (limits.has_max && limits.max == limits.min)
    return t.build.i64(limits.min);
  const Value descriptor = t.field(t.context->layout.table(table) + offsetof(abi::TableCell, descriptor));
  return t.build.load(Type::I64, descriptor, offsetof(abi::TableDescriptor, length),
                      {.size_log2 = 3, .alias = Alias::Length});
}

static constexpr Access element_access{.size_log2 = 2, .alias = Alias::Table};

/// Address of an element, or a trap.
static Value element(Translator &t, u32 table, Value index, abi::TrapCode out_of_bounds) {
  const Value wide = t.extend(index);
  t.build.trap_if(t.build.icmp(Cond::GeU, wide, length(t, table)), out_of_bounds);
  const Value base = t.field(t.context->layout.table(table) + offsetof(abi::TableCell, base));
  return t.build.binary(Op::Add, base, t.build.binary(Op::Shl, wide, t.build.i64(2)));
}

Value table_element(Translator &t, u32 table, Value index, abi::TrapCode out_of_bounds) {
  return t.build.load(Type::Ref, element(t, table, index, out_of_bounds), 0, element_access);
}

void table_get(Translator &t, const Operator &o, u32) {
  if (is_usable_table(t, o, o.index))
    t.push(table_element(t, o.index, t.pop(), abi::TrapCode::TableOutOfBounds));
}

void table_set(Translator &t, const Operator &o, u32) {
  if (!is_usable_table(t, o, o.index))
    return;
  const Value value = t.pop(), index = t.pop();
  t.build.store(element(t, o.index, index, abi::TrapCode::TableOutOfBounds), value, 0, element_access);
}

void table_size(Translator &t, const Operator &o, u32) {
  if (is_usable_table(t, o, o.index))
    t.push(t.build.unary(Op::Wrap, Type::I32, length(t, o.index)));
}

void table_grow(Translator &t, const Operator &o, u32) {
  if (!is_usable_table(t, o, o.index))
    return;
  const Value delta = t.extend(t.pop()), value = t.pop();
  const Value old = t.call_builtin(abi::Builtin::TableGrow, {{t.build.i32(o.index), value, delta}});
  t.push(t.build.unary(Op::Wrap, Type::I32, old));
}

void table_fill(Translator &t, const Operator &o, u32) {
  if (!is_usable_table(t, o, o.index))
    return;
  const Value count = t.extend(t.pop()), value = t.pop(), index = t.extend(t.pop());
  t.call_builtin(abi::Builtin::TableFill, {{t.build.i32(o.index), index, value, count}});
}

void table_copy(Translator &t, const Operator &o, u32) {
  if (!is_usable_table(t, o, o.index) || !is_usable_table(t, o, o.index2))
    return;
  const Value count = t.extend(t.pop()), from = t.extend(t.pop()), to = t.extend(t.pop());
  t.call_builtin(abi::Builtin::TableCopy, {{t.build.i32(o.index), to, t.build.i32(o.index2), from, count}});
}

/// Immediates: element segment, table.
void table_init(Translator &t, const Operator &o, u32) {
  if (!is_usable_table(t, o, o.index2))
    return;
  const Value count = t.extend(t.pop()), from = t.extend(t.pop()), to = t.extend(t.pop());
  t.call_builtin(abi::Builtin::TableInit, {{t.build.i32(o.index), t.build.i32(o.index2), to, from, count}});
}

void elem_drop(Translator &t, const Operator &o, u32) {
  t.call_builtin(abi::Builtin::ElemDrop, {{t.build.i32(o.index)}});
}

} // namespace trapeze::translate
