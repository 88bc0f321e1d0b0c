// What the one-pass mode does behind its walk: slots, safepoint rows, edits (one_pass.hh has the picture).
//
// Positions of hulls are two for each instruction: 2i where parameters of a block that begins with instruction i are
// there, 2i + 1 where the instruction has read its operands and its results are there.
#include "codegen/regalloc/one_pass.hh"

#include <algorithm>
#include <bit>

namespace trapeze::codegen {

static constexpr u32 none = ~0u;

/// Edges to a block that is not behind their own, by target, and the furthest source of any run of them.
void OnePass::find_back_edges() {
  ws_.back_edges.clear();
  ws_.furthest.clear();
  if (ws_.stored_order.empty())
    return;
  for (u32 b = 0; b < m_.blocks.size(); ++b)
    for (const MBlockRow::Edge &edge : m_.blocks[static_cast<MBlock>(b)].succs)
      if (base::index_of(edge.target) <= b)
        ws_.back_edges.push_back({base::index_of(edge.target), b});
  for (u32 r = static_cast<u32>(m_.regions.size()); r-- > 0;) {
    if (u32 parent = m_.regions[r].parent; parent != none)
      ws_.region_last[parent] = std::max(ws_.region_last[parent], ws_.region_last[r]);
    for (MBlock pad : m_.regions[r].pads)
      if (base::index_of(pad) <= ws_.region_last[r])
        ws_.back_edges.push_back({base::index_of(pad), ws_.region_last[r]});
  }
  std::sort(ws_.back_edges.begin(), ws_.back_edges.end());
  u32 n = static_cast<u32>(ws_.back_edges.size());
  for (u32 k = 0; (1u << k) <= n; ++k) {
    ws_.furthest.emplace_back();
    for (u32 i = 0; i + (1u << k) <= n; ++i)
      ws_.furthest[k].push_back(k == 0 ? ws_.back_edges[i].second
                                       : std::max(ws_.furthest[k - 1][i], ws_.furthest[k - 1][i + (1u << (k - 1))]));
  }
}

/// Blocks stand behind their dominators, but cold ones: what is defined there may be live in any block.
bool OnePass::has_own_slot(const PassRow &row) const {
  return row.is_used_before ||
         (row.last_block != row.def_block && m_.blocks[static_cast<MBlock>(row.def_block)].is_cold);
}

/// The position up to which a value may be live.
u32 OnePass::hull_end(const PassRow &row) const {
  constexpr u32 patience = 32;
  auto edges_to = [&](u32 block) { // first edge to a later block than this one
    auto it = std::upper_bound(ws_.back_edges.begin(), ws_.back_edges.end(), std::pair<u32, u32>{block, none});
    return static_cast<u32>(it - ws_.back_edges.begin());
  };
  u32 last = row.last_block, end = 2 * row.last + 1, first = edges_to(row.def_block);
  for (u32 round = 0; round < patience; ++round) {
    u32 count = edges_to(last) - std::min(first, edges_to(last));
    if (count == 0)
      return end;
    u32 k = static_cast<u32>(std::bit_width(count)) - 1;
    u32 source = std::max(ws_.furthest[k][first], ws_.furthest[k][first + count - (1u << k)]);
    if (source < last || (source == last && round != 0))
      return end;
    const MBlockRow &block = m_.blocks[static_cast<MBlock>(source)];
    last = source;
    end = 2 * (block.first_inst + block.inst_count);
  }
  return none;
}

/// References live across calls: they are stored, and the calls' rows name them.
void OnePass::list_roots() {
  ws_.roots.clear();
  bool has_refs = false;
  for (const VRegRow &row : m_.vregs)
    has_refs |= row.kind == VKind::Ref;
  if (!has_refs)
    return;
  ws_.live.compute(m_, true);
  ws_.calls.clear();
  for (u32 b = 0; b < m_.blocks.size(); ++b) {
    const MBlockRow &block = m_.blocks[static_cast<MBlock>(b)];
    for (u32 i = block.first_inst; i < block.first_inst + block.inst_count; ++i)
      if ((m_.insts[i].flags & is_call) != 0)
        ws_.calls.push_back(ws_.live.early(b, i));
  }
  for (const LiveRange &range : ws_.live.ranges) {
    if (ws_.rows[range.vreg].remat != none)
      continue;
    auto it = std::upper_bound(ws_.calls.begin(), ws_.calls.end(), range.start);
    for (; it != ws_.calls.end() && *it + 1 < range.end; ++it) {
      ws_.rows[range.vreg].is_stored = true;
      ws_.roots.push_back({ws_.live.inst_of(*it), base::index_of(range.vreg)});
    }
  }
  std::sort(ws_.roots.begin(), ws_.roots.end());
}

void OnePass::order_stored() {
  ws_.stored_order.clear();
  for (VReg v : base::ids(ws_.rows))
    if (const PassRow &row = ws_.rows[v]; row.is_stored)
      ws_.stored_order.push_back(u64{row.def} << 32 | base::index_of(v));
  std::sort(ws_.stored_order.begin(), ws_.stored_order.end());
}

/// Linear scan over hulls; one heap of open slots for each kind, since integers and floats never share one.
void OnePass::give_slots() {
  auto later = [](const Workspace::OpenSlot &x, const Workspace::OpenSlot &y) {
    return x.end != y.end ? x.end > y.end : x.slot > y.slot;
  };
  for (auto &heap : ws_.open_slots)
    heap.clear();
  for (u64 key : ws_.stored_order) {
    VReg v = static_cast<VReg>(static_cast<u32>(key));
    PassRow &row = ws_.rows[v];
    bool is_own = has_own_slot(row);
    auto &heap = ws_.open_slots[static_cast<u32>(kind(v))];
    u32 start = row.is_param ? 2 * row.def : 2 * row.def + 1;
    if (!is_own && !heap.empty() && heap.front().end <= start) {
      std::pop_heap(heap.begin(), heap.end(), later);
      row.slot = heap.back().slot;
      heap.pop_back();
    } else {
      row.slot = static_cast<u32>(out_.spill_slots.size());
      out_.spill_slots.push_back({size_of(kind(v)), kind(v) == VKind::Ref});
    }
    heap.push_back({is_own ? none : hull_end(row), row.slot});
    std::push_heap(heap.begin(), heap.end(), later);
  }
}

void OnePass::write_safepoints() {
  for (usize k = 0; k < ws_.roots.size(); ++k) {
    if (k == 0 || ws_.roots[k].first != ws_.roots[k - 1].first)
      out_.safepoints.push_back({ws_.roots[k].first, {static_cast<u32>(out_.safepoint_slots.size()), 0}});
    ++out_.safepoints.back().slots.count;
    out_.safepoint_slots.push_back(ws_.rows[static_cast<VReg>(ws_.roots[k].second)].slot);
  }
}

/// Stores behind definitions, and moves in the order of the walk.
void OnePass::write() {
  auto real = [&](Place &p) {
    if (p.is_slot())
      p.index = ws_.rows[static_cast<VReg>(p.index)].slot;
  };
  for (u32 k : ws_.slot_operands)
    real(out_.operands[k]);
  usize next_store = 0;
  auto store_up_to = [&](u32 inst) {
    for (; next_store < ws_.stored_order.size(); ++next_store) {
      VReg v = static_cast<VReg>(static_cast<u32>(ws_.stored_order[next_store]));
      const PassRow &row = ws_.rows[v];
      if (row.def >= inst)
        return;
      if (!row.is_param)
        push({row.def + 1, out_.operands[row.def_operand], Place::slot(row.slot), kind(v)});
    }
  };
  std::vector<Move> &moves = ws_.moves;
  for (usize first = 0; first < moves.size();) {
    usize end = first;
    for (; end < moves.size() && moves[end].inst == moves[first].inst && moves[end].boundary == moves[first].boundary;
         ++end) {
      real(moves[end].from);
      real(moves[end].to);
    }
    store_up_to(moves[first].inst);
    flush(std::span(moves).subspan(first, end - first));
    first = end;
  }
  store_up_to(none);
}

void OnePass::push(const Edit &e) {
  if (e.to.is_reg())
    out_.used |= bit(e.to.preg());
  out_.edits.push_back(e);
}

/// One parallel group. Most have no target that another move reads: they need no order.
void OnePass::flush(std::span<Move> group) {
  RegSet sources = 0, targets = 0;
  bool has_slots = false, has_plain = true;
  for (const Move &move : group) {
    sources |= move.from.is_reg() ? bit(move.from.preg()) : 0;
    targets |= move.to.is_reg() ? bit(move.to.preg()) : 0;
    has_slots |= move.from.is_slot() && move.to.is_slot();
    has_plain &= move.remat == none || move.to.is_reg();
  }
  if ((group.size() > 1 && ((sources & targets) != 0 || has_slots)) || !has_plain) {
    usize first = out_.edits.size();
    ws_.resolver.resolve(group, file_, out_.edits);
    for (usize k = first; k < out_.edits.size(); ++k)
      if (out_.edits[k].to.is_reg())
        out_.used |= bit(out_.edits[k].to.preg());
    return;
  }
  for (const Move &move : group)
    if (move.remat != none || move.from != move.to)
      push({move.inst, move.remat != none ? Place{} : move.from, move.to, move.kind, move.remat});
}

} // namespace trapeze::codegen
