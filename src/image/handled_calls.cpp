// One pass over the call sites; each region is walked once, whatever the nesting.
#include "image/handled_calls.hh"

#include <bit>

namespace trapeze::image {
namespace {

/// Regions without a clause stand between others, up to thousands deep: each is walked once.
class Regions {
public:
  explicit Regions(const ImageView &image) : image_(image), nearest_(image.regions.size(), unknown) {}

  /// The region itself or the nearest around it that has a clause; no_region: none.
  u32 nearest(u32 region) {
    u32 found = region;
    while (found != no_region && nearest_[found] == unknown && image_.regions[found].clause_count == 0)
      found = image_.regions[found].parent;
    if (found != no_region && nearest_[found] != unknown)
      found = nearest_[found];
    for (u32 at = region; at != found && at != no_region && nearest_[at] == unknown;) {
      nearest_[at] = found;
      at = image_.regions[at].parent;
    }
    return found;
  }

private:
  static constexpr u32 unknown = ~1u;
  const ImageView &image_;
  std::vector<u32> nearest_;
};

void add(HandledCalls &table, const HandledCall &call) {
  u32 slot = call_hash(call.call_end, table.shift);
  while (table.slots[slot].call_end != ~0u)
    ++slot;
  table.slots[slot] = call;
  if (slot + 1 == table.slots.size())
    table.slots.emplace_back();
}

} // namespace

HandledCalls hash_handled_calls(const ImageView &image, u32 tags_offset) {
  HandledCalls out;
  u32 count = 0;
  for (const CallSiteRow &row : image.calls)
    count += row.region != no_region;
  const u32 log2 = static_cast<u32>(std::bit_width(count)) + 1; // at most half full
  out.shift = 32 - log2;
  out.slots.assign((usize{1} << log2) + 1, {});
  Regions all(image);
  for (const CallSiteRow &row : image.calls) {
    const u32 region = all.nearest(row.region);
    if (region == no_region)
      continue;
    const Region &catching = image.regions[region];
    const Clause &clause = image.clauses[catching.first_clause];
    HandledCall call{row.return_offset - 1, HandledCall::catches_all, clause.pad, row.region, 0};
    if (clause.tag != catch_all_tag)
      call.tag_at = tags_offset + 8 * clause.tag;
    call.has_more = catching.clause_count > 1 || all.nearest(catching.parent) != no_region;
    add(out, call);
  }
  return out;
}

} // namespace trapeze::image
