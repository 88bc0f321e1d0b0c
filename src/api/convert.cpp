#include "api/convert.hh"

#include <fmt/format.h>

namespace trapeze::api {

// Both sides list kinds in the spec's order.
static_assert(static_cast<int>(v1::ValKind::Ref) == static_cast<int>(wasm::ValKind::Ref));
static_assert(static_cast<int>(v1::ValKind::V128) == static_cast<int>(wasm::ValKind::V128));
static_assert(static_cast<int>(v1::HeapKind::Concrete) == static_cast<int>(wasm::HeapKind::Concrete));
static_assert(static_cast<int>(v1::HeapKind::Exn) == static_cast<int>(wasm::HeapKind::Exn));
static_assert(static_cast<int>(v1::ExternKind::Tag) == static_cast<int>(wasm::ExternKind::Tag));

wasm::ValType to_wasm(v1::ValType type) {
  if (!type.is_ref())
    return static_cast<wasm::ValKind>(type.kind);
  return wasm::ValType::ref({static_cast<wasm::HeapKind>(type.heap), static_cast<wasm::TypeIndex>(type.type_id)},
                            type.nullable);
}

v1::ValType to_public(wasm::ValType type) {
  if (!type.is_ref())
    return {static_cast<v1::ValKind>(type.kind())};
  return {v1::ValKind::Ref, static_cast<v1::HeapKind>(type.heap().kind), type.is_nullable(),
          static_cast<u32>(type.heap().index)};
}

namespace {

std::vector<wasm::ValType> list_to_wasm(const std::vector<v1::ValType> &types) {
  std::vector<wasm::ValType> out;
  for (v1::ValType t : types)
    out.push_back(to_wasm(t));
  return out;
}

v1::Limits limits_to_public(const wasm::Limits &l) {
  return {l.min, l.has_max ? std::optional(l.max) : std::nullopt, l.is_64};
}

} // namespace

std::vector<v1::ValType> to_public(const std::vector<wasm::ValType> &types) {
  std::vector<v1::ValType> out;
  for (wasm::ValType t : types)
    out.push_back(to_public(t));
  return out;
}

wasm::FuncType to_wasm(const v1::FuncType &type) { return {list_to_wasm(type.params), list_to_wasm(type.results)}; }
wasm::Limits to_wasm(const v1::Limits &l) { return {l.min, l.max.value_or(0), l.max.has_value(), l.is_64}; }
wasm::TableType to_wasm(const v1::TableType &type) { return {to_wasm(type.element), to_wasm(type.limits)}; }
wasm::MemoryType to_wasm(const v1::MemoryType &type) {
  return {to_wasm(type.limits), type.is_shared, type.page_size_log2};
}
wasm::GlobalType to_wasm(const v1::GlobalType &type) { return {to_wasm(type.type), type.is_mutable}; }

v1::FuncType to_public(const wasm::FuncType &type) { return {to_public(type.params), to_public(type.results)}; }
v1::TableType to_public(const wasm::TableType &type) {
  return {to_public(type.element), limits_to_public(type.limits)};
}
v1::MemoryType to_public(const wasm::MemoryType &type) {
  return {limits_to_public(type.limits), type.is_shared, type.page_size_log2};
}
v1::GlobalType to_public(const wasm::GlobalType &type) { return {to_public(type.type), type.is_mutable}; }

v1::Extern to_public(StoreImpl &store, const runtime::Extern &what) {
  struct Visitor {
    StoreImpl &store;
    v1::Extern operator()(std::monostate) const { return {}; }
    v1::Extern operator()(runtime::Func f) const { return v1::Func(&store, f.ref()); }
    v1::Extern operator()(runtime::Table *t) const { return v1::Table(&store, t); }
    v1::Extern operator()(runtime::Memory *m) const { return v1::Memory(&store, m); }
    v1::Extern operator()(runtime::Global *g) const { return v1::Global(&store, g); }
    v1::Extern operator()(runtime::Tag *t) const { return v1::Tag(&store, t); }
  };
  return std::visit(Visitor{store}, what);
}

runtime::Extern to_runtime(const v1::Extern &what) {
  if (!what)
    return std::monostate();
  switch (what.kind()) {
  case v1::ExternKind::Func:
    return raw(what.func());
  case v1::ExternKind::Table:
    return raw(what.table());
  case v1::ExternKind::Memory:
    return raw(what.memory());
  case v1::ExternKind::Global:
    return raw(what.global());
  case v1::ExternKind::Tag:
    return raw(what.tag());
  }
  return std::monostate();
}

namespace {

/// The most precise engine type of a non-null reference value.
wasm::ValType dynamic_type(const v1::Val &value) {
  if (value.type().heap == v1::HeapKind::Func && value.func())
    return wasm::ValType::ref(
        {wasm::HeapKind::Concrete, static_cast<wasm::TypeIndex>(raw(value.func()).type_entry().id)}, false);
  return to_wasm(value.type()).as_non_null();
}

/// The bottom of the hierarchy a heap type is in: the type of its null.
wasm::HeapKind bottom_of(v1::HeapKind heap) {
  switch (heap) {
  case v1::HeapKind::Func:
  case v1::HeapKind::NoFunc:
    return wasm::HeapKind::NoFunc;
  case v1::HeapKind::Extern:
  case v1::HeapKind::NoExtern:
    return wasm::HeapKind::NoExtern;
  case v1::HeapKind::Exn:
  case v1::HeapKind::NoExn:
    return wasm::HeapKind::NoExn;
  default:
    return wasm::HeapKind::None;
  }
}

bool fits(StoreImpl &store, const v1::Val &value, wasm::ValType type) {
  if (!type.is_ref() || !value.type().is_ref())
    return to_wasm(value.type()) == type;
  wasm::ValType actual =
      value.is_null() ? wasm::ValType::ref({bottom_of(value.type().heap)}, true) : dynamic_type(value);
  return store.store->types().matches(actual, type);
}

runtime::RawRef raw_ref(StoreImpl &store, const v1::Val &value) {
  if (value.is_null())
    return 0;
  if (value.type().heap == v1::HeapKind::Func)
    return v1::detail::raw_of(value.func(), &store);
  return v1::detail::raw_of(value.any(), &store);
}

} // namespace

runtime::ValueCell cell_for(StoreImpl &store, const v1::Val &value, wasm::ValType type, const char *what) {
  if (!fits(store, value, type))
    wrong_use(fmt::format("{}: expected {}, got {}", what, wasm::to_string(type), to_string(value)));
  if (type.is_ref())
    return runtime::cell_of(raw_ref(store, value));
  runtime::ValueCell cell;
  std::memcpy(cell.bytes, value.bytes().data(), sizeof cell.bytes);
  return cell;
}

std::vector<runtime::ValueCell> cells_for(StoreImpl &store, std::span<const v1::Val> values,
                                          std::span<const wasm::ValType> types, const char *what) {
  if (values.size() != types.size())
    wrong_use(fmt::format("{}: expected {} values, got {}", what, types.size(), values.size()));
  std::vector<runtime::ValueCell> cells;
  cells.reserve(values.size());
  for (usize i = 0; i < values.size(); ++i)
    cells.push_back(cell_for(store, values[i], types[i], what));
  return cells;
}

v1::Val val_of(StoreImpl &store, wasm::ValType type, const runtime::ValueCell &cell) {
  switch (type.kind()) {
  case wasm::ValKind::I32:
    return runtime::get<i32>(cell);
  case wasm::ValKind::I64:
    return runtime::get<i64>(cell);
  case wasm::ValKind::F32:
    return v1::Val::f32_bits(runtime::get<u32>(cell));
  case wasm::ValKind::F64:
    return v1::Val::f64_bits(runtime::get<u64>(cell));
  case wasm::ValKind::V128: {
    v1::V128 v;
    std::memcpy(v.bytes.data(), cell.bytes, sizeof cell.bytes);
    return v;
  }
  default:
    break;
  }
  runtime::RawRef ref = runtime::get<u32>(cell);
  const runtime::TypeRegistry &types = store.store->types();
  auto is = [&](wasm::HeapKind top) { return types.matches(type.heap(), wasm::HeapType{top}); };
  if (is(wasm::HeapKind::Func))
    return v1::detail::func_of(&store, ref);
  std::shared_ptr<Root> root = v1::detail::root_of(&store, ref);
  if (is(wasm::HeapKind::Extern))
    return v1::ExternRef(std::move(root));
  if (is(wasm::HeapKind::Exn))
    return v1::ExnRef(std::move(root));
  return v1::AnyRef(std::move(root));
}

} // namespace trapeze::api
