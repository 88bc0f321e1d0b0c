// Memory operators. Spec: Execution, Memory Instructions.
//
// A 32-bit memory reserves the whole range that a 32-bit index plus a 32-bit offset can name, so an access
// needs no check: what lies beyond the length faults, and the trap table names the trap. The base never
// moves; the length is read through the descriptor, which the owner shares with importers.
// Bulk operators are builtins; they check bounds before they write anything.
#include "translate/translator.hh"

namespace trapeze::translate {

static bool is_usable_memory(Translator &t, const Operator &o, u32 index) {
  const wasm::MemoryType &type = t.module->memories[index].type;
  if (type.limits.is_64)
    t.unsupported(wasm::Feature::Memory64, o);
  else if (type.is_shared)
    t.unsupported(wasm::Feature::Threads, o);
  else if (type.page_size_log2 != 16)
    t.unsupported(wasm::Feature::CustomPageSizes, o);
  return !t.failed();
}

struct Place {
  Value address;
  u32 offset;
};

/// The popped index as an address and a rest that fits the row.
static Place place(Translator &t, const Operator &o) {
  const Value index = t.pop();
  const Value base = t.field(t.context->layout.memory(o.index) + offsetof(abi::MemoryCell, base));
  u64 offset = o.memory_offset;
  constexpr u64 limit = u64{1} << 31;
  if (t.build.is_const(index)) {
    offset += t.build.def(index).bits();
    return offset < limit ? Place{base, static_cast<u32>(offset)} : Place{t.add_offset(base, offset), 0};
  }
  const Value address = t.build.binary(Op::Add, base, t.extend(index));
  return offset < limit ? Place{address, static_cast<u32>(offset)} : Place{t.add_offset(address, offset), 0};
}

static Access checked(u32 size_log2, bool sign_extend) {
  return {.size_log2 = static_cast<u8>(size_log2),
          .sign_extend = sign_extend,
          .can_trap = true,
          .removable = false,
          .alias = Alias::Memory,
          .trap = abi::TrapCode::MemoryOutOfBounds};
}

void load(Translator &t, const Operator &o, u32 argument) {
  if (!is_usable_memory(t, o, o.index))
    return;
  const Place at = place(t, o);
  const Access access = checked(argument >> 8 & 0xff, argument >> 16 != 0);
  t.push(t.build.load(static_cast<Type>(argument & 0xff), at.address, at.offset, access));
}

void store(Translator &t, const Operator &o, u32 size_log2) {
  if (!is_usable_memory(t, o, o.index))
    return;
  const Value value = t.pop();
  const Place at = place(t, o);
  t.build.store(at.address, value, at.offset, checked(size_log2, false));
}

void memory_size(Translator &t, const Operator &o, u32) {
  if (!is_usable_memory(t, o, o.index))
    return;
  const wasm::Limits &limits = t.module->memories[o.index].type.limits;
  if (limits.has_max && limits.max == limits.min) // it cannot grow
    return t.push(t.build.i32(static_cast<u32>(limits.min)));
  const Value descriptor = t.field(t.context->layout.memory(o.index) + offsetof(abi::MemoryCell, descriptor));
  const Value length = t.build.load(Type::I64, descriptor, offsetof(abi::MemoryDescriptor, length),
                                    {.size_log2 = 3, .alias = Alias::Length});
  t.push(t.build.unary(Op::Wrap, Type::I32, t.build.binary(Op::ShrU, length, t.build.i64(16))));
}

void memory_grow(Translator &t, const Operator &o, u32) {
  if (!is_usable_memory(t, o, o.index))
    return;
  const Value delta = t.extend(t.pop());
  const Value old = t.call_builtin(abi::Builtin::MemoryGrow, {{t.build.i32(o.index), delta}});
  t.push(t.build.unary(Op::Wrap, Type::I32, old));
}

void memory_fill(Translator &t, const Operator &o, u32) {
  if (!is_usable_memory(t, o, o.index))
    return;
  const Value length = t.extend(t.pop()), byte = t.pop(), address = t.extend(t.pop());
  t.call_builtin(abi::Builtin::MemoryFill, {{t.build.i32(o.index), address, byte, length}});
}

void memory_copy(Translator &t, const Operator &o, u32) {
  if (!is_usable_memory(t, o, o.index) || !is_usable_memory(t, o, o.index2))
    return;
  const Value length = t.extend(t.pop()), from = t.extend(t.pop()), to = t.extend(t.pop());
  t.call_builtin(abi::Builtin::MemoryCopy, {{t.build.i32(o.index), to, t.build.i32(o.index2), from, length}});
}

/// Immediates: data segment, memory.
void memory_init(Translator &t, const Operator &o, u32) {
  if (!is_usable_memory(t, o, o.index2))
    return;
  const Value length = t.extend(t.pop()), from = t.extend(t.pop()), to = t.extend(t.pop());
  t.call_builtin(abi::Builtin::MemoryInit, {{t.build.i32(o.index), t.build.i32(o.index2), to, from, length}});
}

void data_drop(Translator &t, const Operator &o, u32) {
  t.call_builtin(abi::Builtin::DataDrop, {{t.build.i32(o.index)}});
}

} // namespace trapeze::translate
