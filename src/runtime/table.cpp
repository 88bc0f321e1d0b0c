// Fresh pages are null references; pages are committed as the table grows, up to what was reserved.
#include "runtime/table.hh"

#include "os/memory.hh"
#include "runtime/store.hh"

#include <algorithm>

namespace trapeze::runtime {

namespace {

/// What a table may have: 512 MiB of address space, and no more than that to fill at creation.
constexpr u64 most_elements = u64{1} << 27;

} // namespace

Result<std::unique_ptr<Table>> Table::create(Store &store, const wasm::TableType &type, RawRef init) {
  std::unique_ptr<Table> table(new Table(store, type));
  const wasm::Limits &limits = type.limits;
  if (limits.min > most_elements)
    return fail(ErrorKind::Resource, 0, "table size exceeds what the engine can reserve");
  table->max_ = limits.has_max ? std::min(limits.max, most_elements) : most_elements;
  table->reserved_ = os::round_up(table->max_ * sizeof(RawRef), os::page_size()) + os::page_size();
  table->descriptor_.base = reinterpret_cast<u32 *>(os::reserve(table->reserved_));
  if (table->descriptor_.base == nullptr)
    return fail(ErrorKind::Resource, 0, "cannot reserve address space for a table");
  if (table->grow(limits.min, init) < 0)
    return fail(ErrorKind::Resource, 0, "cannot allocate a table of its minimum size");
  return table;
}

Table::~Table() {
  if (descriptor_.base != nullptr)
    os::release(reinterpret_cast<u8 *>(descriptor_.base), reserved_);
}

i64 Table::grow(u64 delta, RawRef init) {
  u64 old = size();
  if (delta > max_ - old)
    return -1;
  u64 needed = os::round_up((old + delta) * sizeof(RawRef), os::page_size());
  if (needed > committed_) {
    if (!os::commit(reinterpret_cast<u8 *>(descriptor_.base) + committed_, needed - committed_))
      return -1;
    committed_ = needed;
  }
  descriptor_.length = old + delta;
  if (init != 0) // fresh pages are null already, and a table never shrinks
    std::fill_n(descriptor_.base + old, delta, init);
  return static_cast<i64>(old);
}

} // namespace trapeze::runtime
