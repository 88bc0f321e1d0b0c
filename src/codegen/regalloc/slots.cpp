// Spill slots and safepoint rows.
//
// A bundle with a stored value has one slot, taken over its hull, from its first position to its last: the ranges reach
// over every call of a region whose pads want the value, so a slot is never lent to somebody else there. Hulls that do
// not meet share slots, by linear scan with one heap of open slots per
// kind of value. (Integers and floats never share one: a parallel move is resolved class by class.) A
// parameter's slot is written on its edges, before its first position; whatever lived in that slot does not live past
// the edge.
//
// A safepoint row lists, for a call, the slots of the references that live across it.
#include "codegen/regalloc/passes.hh"

#include <algorithm>

namespace trapeze::codegen {
namespace {

constexpr u32 none = ~0u;

void give_slots(Workspace &ws, Allocation &out) {
  ws.spill_order.clear();
  for (u32 i = 0; i < ws.bundles.size(); ++i) {
    const Bundle &b = ws.bundles[i];
    bool stored = false;
    for (u32 r = b.ranges.first; r < b.ranges.first + b.ranges.count && !stored; ++r)
      stored = ws.stored[ws.ranges[r].vreg] != 0;
    if (stored)
      ws.spill_order.push_back(i);
  }
  auto start_of = [&](u32 i) { return ws.ranges[ws.bundles[i].ranges.first].start; };
  std::stable_sort(ws.spill_order.begin(), ws.spill_order.end(),
                   [&](u32 x, u32 y) { return start_of(x) < start_of(y); });
  std::array<std::vector<Workspace::OpenSlot>, 6> &open = ws.open_slots;
  auto later = [](const Workspace::OpenSlot &x, const Workspace::OpenSlot &y) {
    return x.end != y.end ? x.end > y.end : x.slot > y.slot;
  };
  for (auto &heap : open)
    heap.clear();
  for (u32 i : ws.spill_order) {
    Bundle &b = ws.bundles[i];
    auto &heap = open[static_cast<u32>(b.kind)];
    if (!heap.empty() && heap.front().end <= start_of(i)) {
      std::pop_heap(heap.begin(), heap.end(), later);
      b.slot = heap.back().slot;
      heap.pop_back();
    } else {
      b.slot = static_cast<u32>(out.spill_slots.size());
      out.spill_slots.push_back({size_of(b.kind), b.kind == VKind::Ref});
    }
    heap.push_back({ws.ranges[b.ranges.first + b.ranges.count - 1].end, b.slot});
    std::push_heap(heap.begin(), heap.end(), later);
  }
}

void list_calls(const MFunction &m, Workspace &ws) {
  ws.calls.clear();
  for (u32 b = 0; b < m.blocks.size(); ++b) {
    const MBlockRow &block = m.blocks[static_cast<MBlock>(b)];
    for (u32 i = block.first_inst; i < block.first_inst + block.inst_count; ++i)
      if ((m.insts[i].flags & is_call) != 0)
        ws.calls.push_back(ws.live.early(b, i));
  }
}

/// A call at early position c is crossed by [start, end) if the value is there before and behind: start < c, c + 1 <
/// end.
void find_roots(Workspace &ws) {
  ws.roots.clear();
  for (u32 i : ws.spill_order) {
    const Bundle &b = ws.bundles[i];
    if (b.kind != VKind::Ref)
      continue;
    for (u32 r = b.ranges.first; r < b.ranges.first + b.ranges.count; ++r) {
      const LiveRange &range = ws.ranges[r];
      auto it = std::upper_bound(ws.calls.begin(), ws.calls.end(), range.start);
      for (; it != ws.calls.end() && *it + 1 < range.end; ++it) {
        ASSERT_SLOW(ws.stored[range.vreg] != 0);
        ws.roots.push_back({ws.live.inst_of(*it), b.slot});
      }
    }
  }
  std::sort(ws.roots.begin(), ws.roots.end());
}

void write_safepoints(const Workspace &ws, Allocation &out) {
  for (usize k = 0; k < ws.roots.size(); ++k) {
    if (k == 0 || ws.roots[k].first != ws.roots[k - 1].first)
      out.safepoints.push_back({ws.roots[k].first, {static_cast<u32>(out.safepoint_slots.size()), 0}});
    ++out.safepoints.back().slots.count;
    out.safepoint_slots.push_back(ws.roots[k].second);
  }
}

} // namespace

void assign_slots(const MFunction &m, Workspace &ws, Allocation &out) {
  for (Bundle &b : ws.bundles)
    b.slot = none;
  give_slots(ws, out);
  list_calls(m, ws);
  find_roots(ws);
  write_safepoints(ws, out);
}

} // namespace trapeze::codegen
