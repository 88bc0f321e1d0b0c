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

namespace {

/// Regions without a clause stand between others, up to thousands deep: each is walked once.
class Regions {
public:
  explicit Regions(const image::CodeImage &image) : image_(image), nearest_(image.regions.size(), unknown) {}

  /// The region itself or the nearest around it that has a clause; no_region: none.
  u32 nearest(u32 region) {
    u32 found = region;
    while (found != image::no_region && nearest_[found] == unknown && image_.regions[found].clause_count == 0)
      found = image_.regions[found].parent;
    if (found != image::no_region && nearest_[found] != unknown)
      found = nearest_[found];
    for (u32 at = region; at != found && at != image::no_region && nearest_[at] == unknown;) {
      nearest_[at] = found;
      at = image_.regions[at].parent;
    }
    return found;
  }

private:
  static constexpr u32 unknown = ~1u;
  const image::CodeImage &image_;
  std::vector<u32> nearest_;
};

} // namespace

void LoadedImage::add_call(const HandledCall &call) {
  u32 slot = hash(call.call_end, call_hash_shift);
  while (calls[slot].call_end != ~0u)
    ++slot;
  calls[slot] = call;
  if (slot + 1 == calls.size())
    calls.emplace_back();
}

void LoadedImage::build_call_hash() {
  regions = image->regions.data();
  clauses = image->clauses.data();
  u32 count = 0;
  for (const image::CallSiteRow &row : image->calls)
    count += row.region != image::no_region;
  u32 log2 = static_cast<u32>(std::bit_width(count)) + 1; // at most half full
  call_hash_shift = 32 - log2;
  calls.assign((usize{1} << log2) + 1, {});
  Regions all(*image);
  for (const image::CallSiteRow &row : image->calls) {
    u32 region = all.nearest(row.region);
    if (region == image::no_region)
      continue;
    const image::Region &catching = image->regions[region];
    const image::Clause &clause = image->clauses[catching.first_clause];
    HandledCall call{row.return_offset - 1, HandledCall::catches_all, clause.pad, row.region, 0};
    if (clause.tag != image::catch_all_tag)
      call.tag_at = tags_offset + 8 * clause.tag;
    call.has_more = catching.clause_count > 1 || all.nearest(catching.parent) != image::no_region;
    add_call(call);
  }
  call_hash = calls.data();
}

} // namespace trapeze::unwind
