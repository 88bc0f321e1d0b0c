// Next-fit over a bit per granule: publishing is rare and modules are few thousand granules at most.
#include "runtime/code_region.hh"

#include "base/assert.hh"
#include "os/memory.hh"
#include "unwind/registration.hh"

#include <cstring>

namespace trapeze::runtime {

namespace {

constexpr u64 region_size = u64{2} << 30;
constexpr u64 granule = u64{1} << unwind::granule_log2;
constexpr u32 granule_count = static_cast<u32>(region_size / granule);

} // namespace

CodeRegions &CodeRegions::get() {
  static CodeRegions *regions = new CodeRegions; // never destroyed: faults may come until the process ends
  return *regions;
}

CodeRegions::Space *CodeRegions::add_space() {
  u8 *base = os::reserve(region_size, granule);
  if (base == nullptr)
    return nullptr;
  unwind::Region *region = unwind::CodeMap::get().add_region(reinterpret_cast<u64>(base), region_size);
  if (region == nullptr) {
    os::release(base, region_size);
    return nullptr;
  }
  unwind::register_region(region->base, region->size);
  spaces_.push_back({region, std::vector<bool>(granule_count), 0, 0});
  return &spaces_.back();
}

u32 CodeRegions::find_run(const Space &space, u32 count) {
  if (granule_count - space.in_use < count)
    return ~0u;
  u32 run = 0;
  for (u32 k = 0, i = space.next; k < granule_count + count; ++k, ++i) {
    if (i == granule_count)
      i = run = 0;
    run = space.taken[i] ? 0 : run + 1;
    if (run == count)
      return i + 1 - count;
  }
  return ~0u;
}

u8 *CodeRegions::take(u32 count) {
  for (usize s = 0;; ++s) {
    if (s == spaces_.size() && (count > granule_count || add_space() == nullptr))
      return nullptr;
    Space &space = spaces_[s];
    u32 first = find_run(space, count);
    if (first == ~0u)
      continue;
    for (u32 i = 0; i < count; ++i)
      space.taken[first + i] = true;
    space.in_use += count;
    space.next = first + count == granule_count ? 0 : first + count;
    return reinterpret_cast<u8 *>(space.region->base + first * granule);
  }
}

CodeRegions::Space *CodeRegions::space_of(const u8 *base) {
  for (Space &space : spaces_)
    if (reinterpret_cast<u64>(base) - space.region->base < space.region->size)
      return &space;
  return nullptr;
}

namespace {

/// Only the pages with code become accessible; the rest of the last granule stays without access.
bool fill(u8 *base, const image::Program &program) {
  const std::span<const u8> code = program.image.code;
  const u64 used = os::round_up(std::max<u64>(code.size(), 1), os::page_size());
  if (program.placing == image::Program::Placing::MapFile && !code.empty())
    return os::map_code(base, used, program.file, program.file_offset);
  if (!os::commit(base, used))
    return false;
  std::memset(base, 0xcc, used);
  if (!code.empty())
    std::memcpy(base, code.data(), code.size());
  return os::protect_code(base, used);
}

} // namespace

bool CodeRegions::publish_in_place(const image::Program &program, unwind::LoadedImage &loaded) {
  const std::span<const u8> code = program.image.code;
  if (code.empty())
    return false;
  loaded.base = code.data();
  loaded.size = code.size();
  return unwind::CodeMap::get().publish_in_place(&loaded, reinterpret_cast<u64>(loaded.base), loaded.size);
}

Result<void> CodeRegions::publish(const image::Program &program, unwind::LoadedImage &loaded) {
  std::lock_guard lock(mutex_);
  if (program.placing == image::Program::Placing::InPlace && publish_in_place(program, loaded))
    return {};
  const u64 size = os::round_up(std::max<u64>(program.image.code.size(), 1), granule);
  u8 *base = take(static_cast<u32>(size / granule));
  if (base == nullptr)
    return fail(ErrorKind::Resource, 0, "no address space left for code");
  loaded.base = base;
  loaded.size = size;
  const bool is_ready = fill(base, program);
  unwind::CodeMap::get().publish(*space_of(base)->region, &loaded, reinterpret_cast<u64>(base), size);
  if (is_ready)
    return {};
  drop_locked(loaded);
  return fail(ErrorKind::Resource, 0, "the system refused memory for code");
}

void CodeRegions::drop_locked(const unwind::LoadedImage &loaded) {
  if (unwind::CodeMap::get().withdraw_in_place(&loaded))
    return;
  Space *space = space_of(loaded.base);
  ASSERT(space != nullptr);
  unwind::CodeMap::get().withdraw(*space->region, reinterpret_cast<u64>(loaded.base), loaded.size);
  os::decommit(const_cast<u8 *>(loaded.base), loaded.size);
  u32 first = static_cast<u32>((reinterpret_cast<u64>(loaded.base) - space->region->base) / granule);
  u32 count = static_cast<u32>(loaded.size / granule);
  for (u32 i = 0; i < count; ++i)
    space->taken[first + i] = false;
  space->in_use -= count;
  if (reuses_at_once_)
    space->next = first;
}

void CodeRegions::drop(const unwind::LoadedImage &loaded) {
  std::lock_guard lock(mutex_);
  drop_locked(loaded);
}

void CodeRegions::reuse_at_once(bool on) {
  std::lock_guard lock(mutex_);
  reuses_at_once_ = on;
}

u32 CodeRegions::granules_in_use() const {
  std::lock_guard lock(mutex_);
  u32 count = 0;
  for (const Space &space : spaces_)
    count += space.in_use;
  return count;
}

} // namespace trapeze::runtime
