// drop and select, locals, globals, table elements, copies. Spec: Validation, Parametric, Variable, Table and Memory
// Instructions.
#include "validate/handlers.hh"

#include <fmt/format.h>

namespace trapeze::validate {

using wasm::Feature;
using wasm::ValKind;

namespace {

bool check_local(Walker &w) {
  if (!w.check_index(w.op.index, w.locals.types.size(), "local"))
    return false;
  w.op.type = w.locals.types[w.op.index];
  return true;
}

void initialise(Walker &w) {
  if (w.initialised[w.op.index])
    return;
  w.initialised[w.op.index] = 1;
  w.initialised_log.push_back(w.op.index);
}

/// The table at w.op.index, its element type in w.op.type; null after reporting.
const wasm::TableType *table(Walker &w) {
  if (!w.check_table(w.op.index))
    return nullptr;
  const wasm::TableType &type = w.m.tables[w.op.index].type;
  w.op.type = type.element;
  return &type;
}

/// The length of a copy has the smaller of the two address types.
ValType smaller(ValType a, ValType b) { return a == wasm::i32_type ? a : b; }

/// In a constant expression, a global must be immutable and defined before.
bool check_constant_global(Walker &w) {
  if (!w.check_index(w.op.index, w.visible_globals, "global"))
    return false;
  if (!w.m.globals[w.op.index].type.is_mutable)
    return true;
  w.set_invalid("constant expression required: the global is mutable");
  return false;
}

} // namespace

void drop(Walker &w) { w.op.type = w.pop_any(); }

void select(Walker &w) {
  w.pop(wasm::i32_type);
  const u32 producer = w.stack.size() > w.height ? w.stack.back().producer : w.op.offset;
  const ValType second = w.pop_any();
  const ValType type = second.kind() == ValKind::Bottom ? w.pop_any() : second;
  if (type.is_ref())
    return w.set_invalid(producer, fmt::format("type mismatch: select without a type on {}", to_string(type)));
  if (second.kind() != ValKind::Bottom)
    w.pop(type);
  w.op.type = type;
  w.push(type);
}

void select_t(Walker &w) {
  if (w.op.types.size() != 1)
    return w.set_invalid("invalid result arity");
  const ValType type = w.op.types[0];
  if (!w.check_type(type))
    return;
  w.pop(wasm::i32_type);
  w.pop(type);
  w.pop(type);
  w.op.type = type;
  w.push(type);
}

void local_get(Walker &w) {
  if (!check_local(w))
    return;
  if (!w.initialised[w.op.index]) [[unlikely]]
    return w.set_invalid(fmt::format("uninitialized local {}", w.op.index));
  w.push(w.op.type);
}

void local_set(Walker &w) {
  if (!check_local(w))
    return;
  w.pop(w.op.type);
  initialise(w);
}

void local_tee(Walker &w) {
  if (!check_local(w))
    return;
  w.pop(w.op.type);
  initialise(w);
  w.push(w.op.type);
}

void global_get(Walker &w) {
  if (w.is_constant ? !check_constant_global(w) : !w.check_index(w.op.index, w.m.globals.size(), "global"))
    return;
  w.op.type = w.m.globals[w.op.index].type.type;
  w.push(w.op.type);
}

void global_set(Walker &w) {
  if (!w.check_index(w.op.index, w.m.globals.size(), "global"))
    return;
  const wasm::GlobalType &global = w.m.globals[w.op.index].type;
  if (!global.is_mutable)
    return w.set_invalid(fmt::format("immutable global {}", w.op.index));
  w.op.type = global.type;
  w.pop(global.type);
}

void table_get(Walker &w) {
  if (const wasm::TableType *t = table(w)) {
    w.pop(t->address_type());
    w.push(t->element);
  }
}

void table_set(Walker &w) {
  if (const wasm::TableType *t = table(w)) {
    w.pop(t->element);
    w.pop(t->address_type());
  }
}

void table_grow(Walker &w) {
  if (const wasm::TableType *t = table(w)) {
    w.pop(t->address_type());
    w.pop(t->element);
    w.push(t->address_type());
  }
}

void table_fill(Walker &w) {
  if (const wasm::TableType *t = table(w)) {
    w.pop(t->address_type());
    w.pop(t->element);
    w.pop(t->address_type());
  }
}

void table_copy(Walker &w) {
  const wasm::TableType *target = table(w);
  if (!target || !w.check_table(w.op.index2))
    return;
  const wasm::TableType &source = w.m.tables[w.op.index2].type;
  if (!wasm::matches(w.m, source.element, target->element))
    return w.set_invalid(fmt::format("type mismatch: copy from a table of {} to one of {}", to_string(source.element),
                                     to_string(target->element)));
  w.pop(smaller(target->address_type(), source.address_type()));
  w.pop(source.address_type());
  w.pop(target->address_type());
}

void memory_copy(Walker &w) {
  if (!w.check_memory(w.op.index) || !w.check_memory(w.op.index2))
    return;
  const ValType target = w.m.memories[w.op.index].type.address_type();
  const ValType source = w.m.memories[w.op.index2].type.address_type();
  w.pop(smaller(target, source));
  w.pop(source);
  w.pop(target);
}

} // namespace trapeze::validate
