// The type section: every index known, super types earlier, open and matched. Spec: Validation, Types; Matching.
//
// Indices are checked over all types first: after that wasm::matches may follow any of them, forward ones included.
#include "validate/types.hh"

#include "wasm/limits.hh"

#include <fmt/format.h>

namespace trapeze::validate {

using wasm::CompositeKind;
using wasm::FieldType;
using wasm::Module;
using wasm::SubType;
using wasm::ValType;

Result<void> check_type(const Module &m, ValType type, u64 offset) {
  if (type.is_ref() && type.heap().kind == wasm::HeapKind::Concrete &&
      static_cast<u32>(type.heap().index) >= m.types.size())
    return fail(ErrorKind::Invalid, offset, fmt::format("unknown type {}", static_cast<u32>(type.heap().index)));
  return {};
}

namespace {

Result<void> check_index(ValType type, u32 group_end, u64 offset) {
  if (type.is_ref() && type.heap().kind == wasm::HeapKind::Concrete && static_cast<u32>(type.heap().index) >= group_end)
    return fail(ErrorKind::Invalid, offset, fmt::format("unknown type {}", static_cast<u32>(type.heap().index)));
  return {};
}

Result<void> check_indices(const SubType &type, u32 index) {
  const u32 group_end = type.group_first + type.group_size;
  for (const ValType t : type.func.params)
    TRY(check_index(t, group_end, type.offset));
  for (const ValType t : type.func.results)
    TRY(check_index(t, group_end, type.offset));
  for (const FieldType &f : type.fields)
    TRY(check_index(f.type, group_end, type.offset));
  if (type.has_super && static_cast<u32>(type.super) >= index)
    return fail(ErrorKind::Invalid, type.offset,
                fmt::format("unknown type {}: a super type must be defined before", static_cast<u32>(type.super)));
  return {};
}

bool field_matches(const Module &m, const FieldType &sub, const FieldType &super) {
  if (sub.is_mutable != super.is_mutable || sub.packed != super.packed || !wasm::matches(m, sub.type, super.type))
    return false;
  return !sub.is_mutable || wasm::matches(m, super.type, sub.type);
}

bool all_match(const Module &m, const std::vector<ValType> &subs, const std::vector<ValType> &supers) {
  if (subs.size() != supers.size())
    return false;
  for (usize i = 0; i < subs.size(); ++i)
    if (!wasm::matches(m, subs[i], supers[i]))
      return false;
  return true;
}

bool composite_matches(const Module &m, const SubType &sub, const SubType &super) {
  if (sub.kind != super.kind || sub.fields.size() < super.fields.size())
    return false;
  for (usize i = 0; i < super.fields.size(); ++i)
    if (!field_matches(m, sub.fields[i], super.fields[i]))
      return false;
  return all_match(m, super.func.params, sub.func.params) && all_match(m, sub.func.results, super.func.results);
}

} // namespace

Result<void> types(const Module &m) {
  std::vector<u8> depths(m.types.size());
  for (u32 i = 0; i < m.types.size(); ++i) {
    const SubType &type = m.types[i];
    TRY(check_indices(type, i));
    if (!type.has_super)
      continue;
    depths[i] = depths[static_cast<u32>(type.super)] + 1;
    if (depths[i] > wasm::max_subtyping_depth)
      return fail(ErrorKind::Unsupported, type.offset,
                  fmt::format("sub type {} has more than {} super types", i, wasm::max_subtyping_depth));
  }
  for (u32 i = 0; i < m.types.size(); ++i) {
    const SubType &type = m.types[i];
    if (!type.has_super)
      continue;
    const u32 super = static_cast<u32>(type.super);
    if (m.types[super].is_final || !composite_matches(m, type, m.types[super]))
      return fail(ErrorKind::Invalid, type.offset,
                  fmt::format("sub type {} does not match super type {}{}", i, super,
                              m.types[super].is_final ? ", which is final" : ""));
  }
  return {};
}

} // namespace trapeze::validate
