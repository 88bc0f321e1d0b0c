// Parallel moves into a sequence; the idea is in the header. Groups are small, but an edge with a thousand arguments
// must not be quadratic: moves are found by source and by target through sorted lists.
#include "codegen/regalloc/moves.hh"

#include <algorithm>

namespace trapeze::codegen {
namespace {

constexpr u64 key_of(Place p) { return static_cast<u64>(p.kind) << 32 | p.index; }

using Index = std::vector<std::pair<u64, u32>>;

std::pair<Index::const_iterator, Index::const_iterator> at(const Index &index, Place p) {
  u64 key = key_of(p);
  return {std::lower_bound(index.begin(), index.end(), std::pair<u64, u32>{key, 0}),
          std::lower_bound(index.begin(), index.end(), std::pair<u64, u32>{key + 1, 0})};
}

} // namespace

void MoveResolver::resolve(std::span<const Move> group, const RegisterFile &registers, std::vector<Edit> &out) {
  if (group.size() == 1 && group[0].remat == ~0u) {
    if (group[0].from != group[0].to)
      out.push_back({group[0].inst, group[0].from, group[0].to, group[0].kind});
    return;
  }
  for (RegClass cls : {RegClass::Int, RegClass::Float}) {
    pending_.clear();
    for (const Move &move : group)
      if (class_of(move.kind) == cls && move.remat == ~0u && move.from != move.to)
        pending_.push_back({move, false});
    if (!pending_.empty())
      resolve_class(cls == RegClass::Int ? registers.int_scratch : registers.float_scratch, out);
  }
  // Last, for they read nothing: what they overwrite has been read.
  for (const Move &move : group) {
    if (move.remat == ~0u)
      continue;
    PReg scratch = class_of(move.kind) == RegClass::Int ? registers.int_scratch : registers.float_scratch;
    Place target = move.to.is_reg() ? move.to : Place::reg(scratch);
    out.push_back({move.inst, {}, target, move.kind, move.remat});
    if (!move.to.is_reg())
      out.push_back({move.inst, target, move.to, move.kind});
  }
}

void MoveResolver::resolve_class(PReg scratch, std::vector<Edit> &out) {
  u32 n = static_cast<u32>(pending_.size());
  by_source_.clear();
  by_target_.clear();
  for (u32 i = 0; i < n; ++i) {
    by_source_.push_back({key_of(pending_[i].move.from), i});
    by_target_.push_back({key_of(pending_[i].move.to), i});
  }
  std::sort(by_source_.begin(), by_source_.end());
  std::sort(by_target_.begin(), by_target_.end());
  // Number of waiting moves that read a move's target.
  auto readers = [&](Place target) {
    u32 count = 0;
    auto [first, last] = at(by_source_, target);
    for (auto it = first; it != last; ++it)
      count += pending_[it->second].done ? 0 : 1;
    return count;
  };
  ready_.clear();
  for (u32 i = n; i-- > 0;)
    if (readers(pending_[i].move.to) == 0)
      ready_.push_back(i);
  auto run = [&](u32 i) {
    Move &move = pending_[i].move;
    out.push_back({move.inst, move.from, move.to, move.kind});
    pending_[i].done = true;
    if (auto [first, last] = at(by_target_, move.from);
        first != last && !pending_[first->second].done && readers(move.from) == 0)
      ready_.push_back(first->second);
  };
  u32 next_cycle = 0;
  while (true) {
    while (!ready_.empty()) {
      u32 i = ready_.back();
      ready_.pop_back();
      if (!pending_[i].done)
        run(i);
    }
    while (next_cycle < n && pending_[next_cycle].done)
      ++next_cycle;
    if (next_cycle == n)
      return;
    // Only cycles are left, and in a cycle each place has exactly one reader: keep what this move overwrites.
    Place target = pending_[next_cycle].move.to;
    auto [first, last] = at(by_source_, target);
    while (first != last && pending_[first->second].done)
      ++first;
    Move &reader = pending_[first->second].move;
    VKind kind = reader.kind;
    out.push_back({reader.inst, target, Place::reg(scratch), kind});
    reader.from = Place::reg(scratch);
    by_source_.erase(by_source_.begin() + (first - by_source_.cbegin()));
    run(next_cycle);
  }
}

} // namespace trapeze::codegen
