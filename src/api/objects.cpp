// Memories, tables, globals and tags: thin views of the runtime's objects, with the checks that Wasm code gets from
// validation done here at run time.
#include "api/convert.hh"

#include <fmt/format.h>

namespace trapeze::v1 {

namespace {

template <typename T> auto *object(const T &handle, const char *what) {
  if (!handle)
    api::wrong_use(fmt::format("null {}", what));
  return api::raw(handle);
}

} // namespace

// --- memory

Memory::Memory(Store &store, const MemoryType &type)
    : store_(&store.impl()), memory_(api::unwrap(store.impl().store->make_memory(api::to_wasm(type)))) {}

MemoryType Memory::type() const {
  MemoryType type = api::to_public(object(*this, "memory")->type());
  type.limits.min = size();
  return type;
}

std::uint64_t Memory::size() const { return object(*this, "memory")->pages(); }
std::uint64_t Memory::byte_size() const { return object(*this, "memory")->size(); }
std::uint8_t *Memory::data() const { return object(*this, "memory")->data(); }

std::optional<std::span<std::uint8_t>> Memory::slice(std::uint64_t address, std::uint64_t size) const {
  runtime::Memory *memory = object(*this, "memory");
  if (!memory->contains(address, size))
    return std::nullopt;
  return std::span<std::uint8_t>(memory->data() + address, static_cast<std::size_t>(size));
}

std::optional<std::uint64_t> Memory::grow(std::uint64_t pages) const {
  std::int64_t before = object(*this, "memory")->grow(pages);
  return before < 0 ? std::nullopt : std::optional<std::uint64_t>(before);
}

// --- table

namespace {

runtime::RawRef element(detail::StoreImpl &store, const Val &value, wasm::ValType type) {
  return runtime::get<u32>(api::cell_for(store, value, type, "table element"));
}

} // namespace

Table::Table(Store &store, const TableType &type, const Val &initial) : store_(&store.impl()) {
  wasm::TableType raw = api::to_wasm(type);
  table_ = api::unwrap(store_->store->make_table(raw, element(*store_, initial, raw.element)));
}

TableType Table::type() const {
  TableType type = api::to_public(object(*this, "table")->type());
  type.limits.min = size();
  return type;
}

std::uint64_t Table::size() const { return object(*this, "table")->size(); }

Val Table::get(std::uint64_t index) const {
  runtime::Table *table = object(*this, "table");
  if (index >= table->size())
    throw Trap(TrapCode::TableOutOfBounds);
  return api::val_of(*store_, table->type().element, runtime::cell_of(table->get(index)));
}

void Table::set(std::uint64_t index, const Val &value) const {
  runtime::Table *table = object(*this, "table");
  if (index >= table->size())
    throw Trap(TrapCode::TableOutOfBounds);
  table->set(index, element(*store_, value, table->type().element));
}

std::optional<std::uint64_t> Table::grow(std::uint64_t delta, const Val &initial) const {
  runtime::Table *table = object(*this, "table");
  std::int64_t before = table->grow(delta, element(*store_, initial, table->type().element));
  return before < 0 ? std::nullopt : std::optional<std::uint64_t>(before);
}

// --- global

Global::Global(Store &store, const GlobalType &type, const Val &initial) : store_(&store.impl()) {
  wasm::GlobalType raw = api::to_wasm(type);
  global_ = store_->store->make_global(raw, api::cell_for(*store_, initial, raw.type, "global"));
}

GlobalType Global::type() const { return api::to_public(object(*this, "global")->type()); }

Val Global::get() const {
  runtime::Value value = object(*this, "global")->get();
  return api::val_of(*store_, value.type, value.cell);
}

void Global::set(const Val &value) const {
  runtime::Global *global = object(*this, "global");
  if (!global->type().is_mutable)
    api::wrong_use("the global is immutable");
  global->set(api::cell_for(*store_, value, global->type().type, "global"));
}

// --- tag

Tag::Tag(Store &store, std::vector<ValType> fields)
    : store_(&store.impl()), tag_(store.impl().store->make_tag(api::to_wasm(FuncType{std::move(fields), {}}))) {}

TagType Tag::type() const { return {api::to_public(object(*this, "tag")->type().params)}; }
std::string Tag::name() const { return object(*this, "tag")->name; }

} // namespace trapeze::v1
