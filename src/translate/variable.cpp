// Locals, globals, and operators that only move values. Spec: Execution, Variable and Parametric Instructions.
//
// A module's own globals are cells of the instance; an imported global's cell holds the address of its value.
// A global that cannot change is as good as a constant of the instance.
#include "translate/translator.hh"

namespace trapeze::translate {

void nop(Translator &, const Operator &, u32) {}

void drop(Translator &t, const Operator &, u32) { t.pop(); }

void select(Translator &t, const Operator &o, u32) {
  if (o.type.kind() == wasm::ValKind::V128)
    return t.unsupported(wasm::Feature::Simd, o);
  const Value condition = t.pop(), no = t.pop(), yes = t.pop();
  t.push(t.build.select(condition, yes, no));
}

void local_get(Translator &t, const Operator &o, u32) { t.push(t.variables.read(o.index, t.block)); }

void local_set(Translator &t, const Operator &o, u32 is_tee) {
  const Value v = is_tee != 0 ? t.top(1)[0] : t.pop();
  if (!is_none(t.region))
    t.variables.store_home(o.index, t.region, t.block, v, o.offset);
  t.variables.write(o.index, t.block, v);
}

struct Cell {
  Value address;
  u32 offset;
  Type type;
  Access access;
};

static Cell cell(Translator &t, const Operator &o) {
  const wasm::Global &global = t.module->globals[o.index];
  if (global.type.type.kind() == wasm::ValKind::V128)
    t.unsupported(wasm::Feature::Simd, o);
  const Type type = Translator::type_of(global.type.type);
  const Access access{.size_log2 = static_cast<u8>(ir::size_of(type) == 8 ? 3 : 2),
                      .alias = global.type.is_mutable ? Alias::Global : Alias::Fixed};
  const u32 offset = t.context->layout.global(o.index);
  if (global.is_imported)
    return {t.field(offset), 0, type, access};
  return {t.build.instance(), offset, type, access};
}

void global_get(Translator &t, const Operator &o, u32) {
  const Cell at = cell(t, o);
  if (!t.failed())
    t.push(t.build.load(at.type, at.address, at.offset, at.access));
}

void global_set(Translator &t, const Operator &o, u32) {
  const Cell at = cell(t, o);
  if (!t.failed())
    t.build.store(at.address, t.pop(), at.offset, at.access);
}

} // namespace trapeze::translate
