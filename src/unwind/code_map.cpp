// The process's map from pc to image, and an image's own map from return offset to call site.
#include "unwind/code_map.hh"

#include <bit>

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

void LoadedImage::build_call_hash() {
  regions = image->regions.data();
  clauses = image->clauses.data();
  u32 count = 0;
  for (const image::CallSiteRow &row : image->calls)
    count += row.region != image::no_region;
  if (count == 0)
    return;
  u32 log2 = static_cast<u32>(std::bit_width(count)) + 1; // at most half full
  call_hash_shift = 32 - log2;
  call_hash_mask = (1u << log2) - 1;
  call_hash = std::make_unique<HandledCall[]>(usize{1} << log2);
  for (u32 i = 0; i < image->calls.size(); ++i) {
    const image::CallSiteRow &row = image->calls[i];
    if (row.region == image::no_region)
      continue;
    u32 slot = hash(row.return_offset, call_hash_shift);
    while (call_hash[slot].return_offset != ~0u)
      slot = (slot + 1) & call_hash_mask;
    call_hash[slot] = {row.return_offset, row.region, image->functions[row.function].frame.size, i};
  }
}

} // namespace trapeze::unwind
