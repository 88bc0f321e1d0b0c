// Identity of types across modules; the idea stands in the header.
//
// A group is normalised first: a reference into the group becomes in_group | position, any other one the engine id
// that was given before. Its written form is then the same whichever module it comes from.
#include "runtime/type_registry.hh"

#include "base/assert.hh"
#include "runtime/stubs.hh"

#include <algorithm>
#include <mutex>

namespace trapeze::runtime {

namespace {

using wasm::HeapKind;
using wasm::SubType;
using wasm::TypeIndex;
using wasm::ValKind;
using wasm::ValType;

constexpr u32 in_group = 1u << 31;

template <typename Map> ValType map_index(ValType type, Map &&map) {
  if (!type.is_ref() || type.heap().kind != HeapKind::Concrete)
    return type;
  u32 index = map(static_cast<u32>(type.heap().index));
  return ValType::ref({HeapKind::Concrete, static_cast<TypeIndex>(index)}, type.is_nullable());
}

template <typename Map> wasm::FuncType map_indices(const wasm::FuncType &type, Map &&map) {
  wasm::FuncType out;
  out.params.reserve(type.params.size());
  out.results.reserve(type.results.size());
  for (ValType t : type.params)
    out.params.push_back(map_index(t, map));
  for (ValType t : type.results)
    out.results.push_back(map_index(t, map));
  return out;
}

template <typename Map> SubType map_indices(const SubType &type, Map &&map) {
  SubType out = type;
  if (type.has_super)
    out.super = static_cast<TypeIndex>(map(static_cast<u32>(type.super)));
  out.func = map_indices(type.func, map);
  for (wasm::FieldType &field : out.fields)
    field.type = map_index(field.type, map);
  return out;
}

void write(std::string &out, u32 word) { out.append(reinterpret_cast<const char *>(&word), sizeof word); }

void write(std::string &out, ValType type) {
  out += static_cast<char>(type.kind());
  if (!type.is_ref())
    return;
  out += static_cast<char>(type.heap().kind);
  out += static_cast<char>(type.is_nullable());
  if (type.heap().kind == HeapKind::Concrete)
    write(out, static_cast<u32>(type.heap().index));
}

void write(std::string &out, const std::vector<ValType> &types) {
  write(out, static_cast<u32>(types.size()));
  for (ValType type : types)
    write(out, type);
}

void write(std::string &out, const SubType &type) {
  out += static_cast<char>(type.kind);
  out += static_cast<char>(type.is_final);
  write(out, type.has_super ? static_cast<u32>(type.super) : ~0u);
  write(out, type.func.params);
  write(out, type.func.results);
  write(out, static_cast<u32>(type.fields.size()));
  for (const wasm::FieldType &field : type.fields) {
    write(out, field.type);
    out += static_cast<char>(field.packed);
    out += static_cast<char>(field.is_mutable);
  }
}

struct Side {
  std::vector<CallPlan::Slot> slots;
  u16 overflow = 0;
  FloatUse floats = FloatUse::None;
};

Side plan_side(const std::vector<ValType> &types, abi::Assigner assigner, u16 (*place)(abi::Location)) {
  Side side;
  side.slots.reserve(types.size());
  for (ValType type : types) {
    bool is_vector = type.kind() == ValKind::V128;
    bool is_float = is_vector || type.kind() == ValKind::F32 || type.kind() == ValKind::F64;
    u8 size = is_vector ? 16 : type.kind() == ValKind::I64 || type.kind() == ValKind::F64 ? 8 : 4;
    abi::Location where = assigner.next(is_float ? abi::RegClass::Float : abi::RegClass::Int);
    if (is_float && where.in_register)
      side.floats = std::max(side.floats, is_vector ? FloatUse::Vectors : FloatUse::Scalars);
    side.slots.push_back({place(where), size, type.is_ref()});
  }
  side.overflow = assigner.cells();
  return side;
}

CallPlan plan(const wasm::FuncType &type) {
  Side params = plan_side(type.params, abi::Assigner::params(abi::x64_convention), place_of_param);
  Side results = plan_side(type.results, abi::Assigner::results(abi::x64_convention), place_of_result);
  bool has_ref_params = std::ranges::any_of(params.slots, &CallPlan::Slot::is_ref);
  bool has_overflow = params.overflow != 0 || results.overflow != 0;
  return {std::move(params.slots), std::move(results.slots), params.overflow, results.overflow,
          params.floats,           results.floats,           has_ref_params,  has_overflow};
}

} // namespace

ValType to_engine(ValType type, std::span<const u32> ids) {
  return map_index(type, [&](u32 index) { return ids[index]; });
}

wasm::FuncType to_engine(const wasm::FuncType &type, std::span<const u32> ids) {
  return map_indices(type, [&](u32 index) { return ids[index]; });
}

/// `group` is normalised. Caller holds the lock.
u32 TypeRegistry::add_group(std::span<const SubType> group) {
  std::string text;
  for (const SubType &type : group)
    write(text, type);
  u32 first = static_cast<u32>(entries_.size());
  auto [at, is_new] = groups_.try_emplace(std::move(text), first);
  if (!is_new)
    return at->second;
  auto resolve = [&](u32 index) { return (index & in_group) != 0 ? first + (index & ~in_group) : index; };
  for (const SubType &type : group) {
    TypeEntry &entry = entries_.emplace_back();
    entry.id = static_cast<u32>(entries_.size() - 1);
    entry.type = map_indices(type, resolve);
    entry.type.group_first = first;
    entry.type.group_size = static_cast<u32>(group.size());
    if (type.kind == wasm::CompositeKind::Func)
      entry.plan = plan(entry.type.func);
  }
  for (u32 i = 0; i < group.size(); ++i)
    if (TypeEntry &entry = entries_[first + i]; entry.type.has_super)
      entry.super = &entries_[static_cast<u32>(entry.type.super)];
  return first;
}

std::vector<u32> TypeRegistry::add(const wasm::Module &module) {
  std::unique_lock lock(mutex_);
  std::vector<u32> ids;
  ids.reserve(module.types.size());
  std::vector<SubType> group;
  while (ids.size() < module.types.size()) {
    u32 first = static_cast<u32>(ids.size());
    u32 size = module.types[first].group_size;
    ASSERT(module.types[first].group_first == first && size != 0);
    group.clear();
    for (u32 i = 0; i < size; ++i)
      group.push_back(map_indices(module.types[first + i],
                                  [&](u32 index) { return index >= first ? in_group | (index - first) : ids[index]; }));
    u32 id = add_group(group);
    for (u32 i = 0; i < size; ++i)
      ids.push_back(id + i);
  }
  return ids;
}

const TypeEntry *TypeRegistry::add(const wasm::FuncType &type) {
  std::unique_lock lock(mutex_);
  SubType sub;
  sub.func = type;
  return &entries_[add_group({&sub, 1})];
}

const TypeEntry *TypeRegistry::entry(u32 id) const {
  std::shared_lock lock(mutex_);
  return &entries_[id];
}

u32 TypeRegistry::size() const {
  std::shared_lock lock(mutex_);
  return static_cast<u32>(entries_.size());
}

bool TypeRegistry::is_subtype(u32 sub, u32 super) const {
  if (sub == super)
    return true;
  for (const TypeEntry *at = entry(sub)->super; at != nullptr; at = at->super)
    if (at->id == super)
      return true;
  return false;
}

bool TypeRegistry::matches(wasm::HeapType sub, wasm::HeapType super) const {
  if (sub == super)
    return true;
  if (sub.kind != HeapKind::Concrete && super.kind != HeapKind::Concrete)
    return wasm::matches(sub.kind, super.kind);
  if (super.kind == HeapKind::Concrete) {
    if (sub.kind == HeapKind::Concrete)
      return is_subtype(static_cast<u32>(sub.index), static_cast<u32>(super.index));
    bool is_func = entry(static_cast<u32>(super.index))->type.kind == wasm::CompositeKind::Func;
    return sub.kind == (is_func ? HeapKind::NoFunc : HeapKind::None);
  }
  return wasm::matches(wasm::abstract_of(entry(static_cast<u32>(sub.index))->type.kind), super.kind);
}

bool TypeRegistry::matches(ValType sub, ValType super) const {
  if (!sub.is_ref() || !super.is_ref())
    return sub.kind() == super.kind();
  return (super.is_nullable() || !sub.is_nullable()) && matches(sub.heap(), super.heap());
}

} // namespace trapeze::runtime
