// The process's map from pc to image.
#include "unwind/code_map.hh"

namespace trapeze::unwind {

constinit CodeMap CodeMap::map_;

Region *CodeMap::add_region(u64 base, u64 size) { return add(base, size, true); }

Region *CodeMap::add(u64 base, u64 size, bool has_granules) {
  u32 count = count_.load(std::memory_order_relaxed);
  if (count == max_regions)
    return nullptr;
  Region &region = regions_[count];
  region.base = base;
  region.size = size;
  if (has_granules)
    region.granules = new std::atomic<const LoadedImage *>[size >> granule_log2]();
  count_.store(count + 1, std::memory_order_release);
  return &region;
}

void CodeMap::publish(Region &region, const LoadedImage *image, u64 base, u64 size) {
  u64 first = (base - region.base) >> granule_log2;
  u64 last = (base + size - 1 - region.base) >> granule_log2;
  for (u64 granule = first; granule <= last; ++granule)
    region.granules[granule].store(image, std::memory_order_release);
}

void CodeMap::withdraw(Region &region, u64 base, u64 size) { publish(region, nullptr, base, size); }

bool CodeMap::publish_in_place(const LoadedImage *image, u64 base, u64 size) {
  Region *place = nullptr;
  for (u32 i = 0; i < count_.load(std::memory_order_relaxed); ++i)
    if (regions_[i].granules == nullptr && regions_[i].base == base && regions_[i].size == size)
      place = &regions_[i];
  if (place == nullptr && in_place_count_ < max_in_place && (place = add(base, size, false)) != nullptr)
    ++in_place_count_;
  if (place == nullptr || place->in_place.load(std::memory_order_relaxed) != nullptr)
    return false;
  place->in_place.store(image, std::memory_order_release);
  return true;
}

bool CodeMap::withdraw_in_place(const LoadedImage *image) {
  for (u32 i = 0; i < count_.load(std::memory_order_relaxed); ++i)
    if (regions_[i].granules == nullptr && regions_[i].in_place.load(std::memory_order_relaxed) == image) {
      regions_[i].in_place.store(nullptr, std::memory_order_release);
      return true;
    }
  return false;
}

} // namespace trapeze::unwind
