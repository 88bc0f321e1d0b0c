// Structures and arrays. Spec: Validation, Aggregate Instructions.
#include "validate/handlers.hh"

#include "wasm/limits.hh"

#include <fmt/format.h>

namespace trapeze::validate {

using wasm::CompositeKind;
using wasm::FieldType;
using wasm::Opcode;

namespace {

/// Packed fields travel as i32, which FieldType::type is.
bool is_packed(const FieldType &field) { return field.packed != FieldType::Packed::No; }

/// get is for full values, get_s and get_u for packed ones.
bool check_extension(Walker &w, const FieldType &field, Opcode plain_get) {
  if (is_packed(field) == (w.op.code != plain_get))
    return true;
  w.set_invalid(fmt::format("type mismatch: {} of a field that is {}packed", wasm::row(w.op.code).text,
                            is_packed(field) ? "" : "not "));
  return false;
}

const FieldType *field(Walker &w) {
  const wasm::SubType *type = w.composite(w.op.index, CompositeKind::Struct);
  if (!type || !w.check_index(w.op.index2, type->fields.size(), "field"))
    return nullptr;
  w.op.type = type->fields[w.op.index2].type;
  return &type->fields[w.op.index2];
}

const FieldType *element(Walker &w, u32 type_index) {
  const wasm::SubType *type = w.composite(type_index, CompositeKind::Array);
  return type ? &type->fields[0] : nullptr;
}

const FieldType *mutable_element(Walker &w) {
  const FieldType *result = element(w, w.op.index);
  if (!result || result->is_mutable)
    return result;
  w.set_invalid(fmt::format("immutable array type {}", w.op.index));
  return nullptr;
}

bool check_default(Walker &w, const FieldType &f) {
  if (f.type.is_defaultable())
    return true;
  w.set_invalid(fmt::format("type mismatch: {} has no default value", to_string(f.type)));
  return false;
}

/// Bytes of a data segment can become numbers and vectors only.
bool check_data_element(Walker &w, const FieldType &f) {
  if (!f.type.is_ref())
    return w.check_data(w.op.index2);
  w.set_invalid("array type is not numeric or vector");
  return false;
}

bool check_elem_element(Walker &w, const FieldType &f) {
  if (!w.check_elem(w.op.index2))
    return false;
  const ValType type = w.m.elements[w.op.index2].type;
  if (!is_packed(f) && wasm::matches(w.m, type, f.type))
    return true;
  w.set_invalid(
      fmt::format("type mismatch: element segment of {} for an array of {}", to_string(type), to_string(f.type)));
  return false;
}

void pop_i32s(Walker &w, u32 count) {
  for (u32 i = 0; i < count; ++i)
    w.pop(wasm::i32_type);
}

void pop_object(Walker &w) { w.op.type = w.pop(w.concrete(w.op.index, true)); }

void push_new(Walker &w) {
  w.op.type = w.concrete(w.op.index, false);
  w.push(w.op.type);
}

} // namespace

void struct_new(Walker &w) {
  const wasm::SubType *type = w.composite(w.op.index, CompositeKind::Struct);
  if (!type)
    return;
  for (usize i = type->fields.size(); i-- > 0 && !w.is_drained();)
    w.pop(type->fields[i].type);
  push_new(w);
}

/// All fields of a type are looked at once, however many operators make one.
void struct_new_default(Walker &w) {
  const wasm::SubType *type = w.composite(w.op.index, CompositeKind::Struct);
  if (!type)
    return;
  w.default_state.resize(w.m.types.size());
  if (!w.default_state[w.op.index])
    for (const FieldType &f : type->fields)
      if (!check_default(w, f))
        return;
  w.default_state[w.op.index] = 1;
  push_new(w);
}

void struct_get(Walker &w) {
  const FieldType *f = field(w);
  if (!f || !check_extension(w, *f, Opcode::StructGet))
    return;
  pop_object(w);
  w.push(f->type);
}

void struct_set(Walker &w) {
  const FieldType *f = field(w);
  if (!f)
    return;
  if (!f->is_mutable)
    return w.set_invalid(fmt::format("immutable field {}", w.op.index2));
  w.pop(f->type);
  pop_object(w);
}

void array_new(Walker &w) {
  if (const FieldType *f = element(w, w.op.index)) {
    w.pop(wasm::i32_type);
    w.pop(f->type);
    push_new(w);
  }
}

void array_new_default(Walker &w) {
  const FieldType *f = element(w, w.op.index);
  if (!f || !check_default(w, *f))
    return;
  w.pop(wasm::i32_type);
  push_new(w);
}

void array_new_fixed(Walker &w) {
  const FieldType *f = element(w, w.op.index);
  if (!f)
    return;
  if (w.op.index2 > wasm::max_array_new_fixed)
    return w.instructions.reader().set_error(
        w.op.offset, fmt::format("too many elements (at most {})", wasm::max_array_new_fixed), ErrorKind::Unsupported);
  for (u32 i = 0; i < w.op.index2 && !w.is_drained(); ++i)
    w.pop(f->type);
  push_new(w);
}

void array_new_data(Walker &w) {
  const FieldType *f = element(w, w.op.index);
  if (!f || !check_data_element(w, *f))
    return;
  pop_i32s(w, 2);
  push_new(w);
}

void array_new_elem(Walker &w) {
  const FieldType *f = element(w, w.op.index);
  if (!f || !check_elem_element(w, *f))
    return;
  pop_i32s(w, 2);
  push_new(w);
}

void array_get(Walker &w) {
  const FieldType *f = element(w, w.op.index);
  if (!f || !check_extension(w, *f, Opcode::ArrayGet))
    return;
  w.pop(wasm::i32_type);
  pop_object(w);
  w.push(f->type);
}

void array_set(Walker &w) {
  if (const FieldType *f = mutable_element(w)) {
    w.pop(f->type);
    w.pop(wasm::i32_type);
    pop_object(w);
  }
}

void array_len(Walker &w) {
  w.op.type = w.pop(ValType::ref({wasm::HeapKind::Array}, true));
  w.push(wasm::i32_type);
}

void array_fill(Walker &w) {
  if (const FieldType *f = mutable_element(w)) {
    w.pop(wasm::i32_type);
    w.pop(f->type);
    w.pop(wasm::i32_type);
    pop_object(w);
  }
}

void array_copy(Walker &w) {
  const FieldType *target = mutable_element(w);
  const FieldType *source = target ? element(w, w.op.index2) : nullptr;
  if (!source)
    return;
  if (source->packed != target->packed || !wasm::matches(w.m, source->type, target->type))
    return w.set_invalid("array types do not match");
  w.pop(wasm::i32_type);
  w.pop(wasm::i32_type);
  w.op.type2 = w.pop(w.concrete(w.op.index2, true));
  w.pop(wasm::i32_type);
  pop_object(w);
}

void array_init_data(Walker &w) {
  const FieldType *f = mutable_element(w);
  if (!f || !check_data_element(w, *f))
    return;
  pop_i32s(w, 3);
  pop_object(w);
}

void array_init_elem(Walker &w) {
  const FieldType *f = mutable_element(w);
  if (!f || !check_elem_element(w, *f))
    return;
  pop_i32s(w, 3);
  pop_object(w);
}

} // namespace trapeze::validate
