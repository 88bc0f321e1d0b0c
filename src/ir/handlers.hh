// Exceptional edges: regions as a tree, and which of them a call can reach.
//
//   for (Region r = fn.call(inst).region; !is_none(r); r = fn.regions[r].parent)   // innermost first
//     for (const ClauseRow &c : clauses(fn, r)) ...                               // first match wins
//
// The loop above costs the depth of the nest; whoever asks for every call asks `mark_reached` once instead.
#pragma once

#include "ir/function.hh"

#include <span>

namespace trapeze::ir {

inline constexpr u32 catch_all_tag = ~0u;

inline std::span<const ClauseRow> clauses(const Function &fn, Region r) {
  const base::PoolRange range = fn.regions[r].clauses;
  return {fn.clauses.data() + range.first, range.count};
}

/// Whether no exception passes this region.
inline bool catches_all(const Function &fn, Region r) {
  const auto list = clauses(fn, r);
  return !list.empty() && list.back().tag == catch_all_tag;
}

/// Regions that an exception of some call in `fn` can arrive at: 1, else 0. Linear in calls and regions.
/// Only instructions of the blocks in `live` count.
void mark_reached(const Function &fn, std::span<const Block> live, base::IdVec<Region, u8> &reached);

} // namespace trapeze::ir
