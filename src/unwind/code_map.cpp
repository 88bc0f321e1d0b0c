// The process's map from pc to image.
#include "unwind/code_map.hh"

namespace trapeze::unwind {

constinit CodeMap CodeMap::map_;

Region *CodeMap::add_region(u64 base, u64 size) {
  u32 count = count_.load(std::memory_order_relaxed);
  if (count == max_regions)
    return nullptr;
  Region &region = regions_[count];
  region.base = base;
  region.size = size;
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

} // namespace trapeze::unwind
