// Reservation sizes. 32-bit memories with pages of 64 KiB: index < 2^32 plus offset < 2^32 plus 16 bytes stays within
// 8 GiB + guard. Others are checked in code: they reserve what they may grow to, up to a limit of the engine.
#include "runtime/memory.hh"

#include "os/memory.hh"
#include "runtime/data_image.hh"
#include "runtime/store.hh"

#include <algorithm>

namespace trapeze::runtime {

namespace {

constexpr u64 guard = 64 << 10;
constexpr u64 reservation_32 = (u64{8} << 30) + guard;
constexpr u64 max_reservation_64 = u64{256} << 30;

bool needs_no_checks(const wasm::MemoryType &type) { return !type.limits.is_64 && type.page_size_log2 == 16; }

/// The most pages a memory may ever have: declared, addressable, and reserved.
u64 most_pages(const wasm::MemoryType &type) {
  u32 log2 = type.page_size_log2;
  u64 addressable = type.limits.is_64 ? max_reservation_64 >> log2 : u64{1} << (32 - log2);
  return type.limits.has_max ? std::min(type.limits.max, addressable) : addressable;
}

} // namespace

Result<std::unique_ptr<Memory>> Memory::create(Store &store, const wasm::MemoryType &type) {
  std::unique_ptr<Memory> memory(new Memory(store, type));
  memory->max_pages_ = most_pages(type);
  if (type.limits.min > memory->max_pages_)
    return fail(ErrorKind::Resource, 0, "memory size exceeds what the engine can reserve");
  u64 most_bytes = memory->max_pages_ << type.page_size_log2;
  memory->reserved_ = needs_no_checks(type) ? reservation_32 : os::round_up(most_bytes, os::page_size()) + guard;
  memory->descriptor_.base = os::reserve(memory->reserved_);
  if (memory->descriptor_.base == nullptr)
    return fail(ErrorKind::Resource, 0, "cannot reserve address space for a memory");
  if (memory->grow(type.limits.min) < 0)
    return fail(ErrorKind::Resource, 0, "cannot allocate a memory of its minimum size");
  return memory;
}

Memory::~Memory() {
  if (descriptor_.base != nullptr)
    os::release(descriptor_.base, reserved_);
}

i64 Memory::grow(u64 delta_pages) {
  u64 old = pages();
  if (delta_pages > max_pages_ - old)
    return -1;
  u64 bytes = (old + delta_pages) << type_.page_size_log2;
  u64 needed = os::round_up(bytes, os::page_size());
  if (needed > committed_) {
    if (!os::commit(descriptor_.base + committed_, needed - committed_))
      return -1;
    committed_ = needed;
  }
  descriptor_.length = bytes;
  return static_cast<i64>(old);
}

bool Memory::map_initial(const DataImage &image) { return image.size() <= committed_ && image.map(descriptor_.base); }

} // namespace trapeze::runtime
