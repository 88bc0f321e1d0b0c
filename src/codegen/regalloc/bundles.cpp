// Bundles: which values share a place.
//
// Problem: each edge argument that does not sit where its parameter sits costs a move, in loops on every turn.
// Idea: a parameter and an argument that are never live at once become one bundle, whose ranges are the union; the
// deepest loops' edges are served first. What cannot be merged is left to hints.
// Bounds: two bundles are only merged while their ranges together stay below a limit, for merging is linear in them.
#include "codegen/regalloc/passes.hh"

#include <algorithm>

namespace trapeze::codegen {
namespace {

constexpr u32 none = ~0u;
constexpr u32 merge_limit = 500;

void note_sources(const MFunction &m, Workspace &ws) {
  ws.source_of.clear();
  ws.source_of.resize(m.vregs.size(), none);
  ws.remat_of.clear();
  ws.remat_of.resize(m.vregs.size(), none);
  for (u32 i = 0; i < m.insts.size(); ++i) {
    const MInst &inst = m.insts[i];
    std::span<const Operand> operands = m.operands_of(inst);
    if ((inst.flags & is_remat) != 0) {
      ASSERT(operands.size() == 1 && operands[0].role == Role::Def && operands[0].constraint == Constraint::Reg);
      ws.remat_of[operands[0].vreg] = i;
      continue;
    }
    VReg moved = base::none_id<VReg>();
    for (const Operand &o : operands) {
      if (o.role == Role::Use && (inst.flags & is_move) != 0)
        moved = o.vreg;
      if (o.constraint == Constraint::Reuse)
        ws.source_of[o.vreg] = base::index_of(operands[o.fixed_or_reuse].vreg);
    }
    if (!base::is_none(moved))
      for (const Operand &o : operands)
        if (o.role == Role::Def)
          ws.source_of[o.vreg] = base::index_of(moved);
  }
}

void one_bundle_each(const MFunction &m, Workspace &ws) {
  ws.bundles.clear();
  ws.ranges = ws.live.ranges;
  ws.bundle_of.clear();
  ws.bundle_of.resize(m.vregs.size(), none);
  ws.member_next.assign(m.vregs.size(), none);
  ws.member_last.clear();
  for (VReg v : base::ids(m.vregs)) {
    base::PoolRange ranges = ws.live.ranges_of[v];
    if (ranges.count == 0)
      continue;
    ws.bundle_of[v] = static_cast<u32>(ws.bundles.size());
    ws.bundles.push_back({ranges, {base::index_of(v), 0}, m.vregs[v].kind, ws.remat_of[v]});
    ws.member_last.push_back(base::index_of(v));
  }
}

bool overlap(const Workspace &ws, base::PoolRange x, base::PoolRange y) {
  const LiveRange *a = ws.ranges.data() + x.first, *a_end = a + x.count;
  const LiveRange *b = ws.ranges.data() + y.first, *b_end = b + y.count;
  while (a != a_end && b != b_end) {
    if (a->start < b->end && b->start < a->end)
      return true;
    if (a->end < b->end)
      ++a;
    else
      ++b;
  }
  return false;
}

/// `from` becomes part of `into`. While bundles are made, Bundle::uses.first is their first value.
void merge(Workspace &ws, u32 into, u32 from) {
  Bundle &x = ws.bundles[into], &y = ws.bundles[from];
  ws.merged.resize(x.ranges.count + y.ranges.count);
  auto a = ws.ranges.begin() + x.ranges.first, b = ws.ranges.begin() + y.ranges.first;
  std::merge(a, a + x.ranges.count, b, b + y.ranges.count, ws.merged.begin(),
             [](const LiveRange &l, const LiveRange &r) { return l.start < r.start; });
  x.ranges = {static_cast<u32>(ws.ranges.size()), static_cast<u32>(ws.merged.size())};
  ws.ranges.insert(ws.ranges.end(), ws.merged.begin(), ws.merged.end());
  for (u32 v = y.uses.first; v != none; v = ws.member_next[v])
    ws.bundle_of[static_cast<VReg>(v)] = into;
  ws.member_next[ws.member_last[into]] = y.uses.first;
  ws.member_last[into] = ws.member_last[from];
  y.ranges.count = 0;
  y.uses = {none, 0};
}

u32 member_count(const Workspace &ws, u32 bundle) { return ws.bundles[bundle].uses.count; }

void merge_edges(const MFunction &m, Workspace &ws) {
  ws.edge_args.clear();
  for (const MBlockRow &block : m.blocks)
    for (const MBlockRow::Edge &edge : block.succs) {
      const MBlockRow &target = m.blocks[edge.target];
      for (u32 k = 0; k < edge.args.count; ++k)
        ws.edge_args.push_back({block.loop_depth, target.params[k], m.edge_args[edge.args.first + k]});
    }
  std::stable_sort(ws.edge_args.begin(), ws.edge_args.end(),
                   [](const auto &x, const auto &y) { return x.depth > y.depth; });
  for (const Workspace::EdgeArg &e : ws.edge_args) {
    u32 p = ws.bundle_of[e.param], a = ws.bundle_of[e.arg];
    if (p == none || a == none || p == a)
      continue;
    const Bundle &x = ws.bundles[p], &y = ws.bundles[a];
    if (x.kind != y.kind || x.remat != none || y.remat != none || x.ranges.count + y.ranges.count > merge_limit ||
        overlap(ws, x.ranges, y.ranges))
      continue;
    // The one with more values swallows the other, so no value moves often.
    if (member_count(ws, p) < member_count(ws, a))
      std::swap(p, a);
    ws.bundles[p].uses.count += member_count(ws, a) + 1;
    merge(ws, p, a);
  }
}

void gather_uses(Workspace &ws) {
  ws.uses.clear();
  for (Bundle &bundle : ws.bundles) {
    u32 first = static_cast<u32>(ws.uses.size());
    for (u32 v = bundle.uses.first; v != none && bundle.ranges.count > 0; v = ws.member_next[v]) {
      base::PoolRange of = ws.live.uses_of[static_cast<VReg>(v)];
      ws.uses.insert(ws.uses.end(), ws.live.uses.begin() + of.first, ws.live.uses.begin() + of.first + of.count);
    }
    bundle.uses = {first, static_cast<u32>(ws.uses.size()) - first};
    auto before = [](const LiveUse &x, const LiveUse &y) { return x.pos < y.pos; };
    if (!std::is_sorted(ws.uses.begin() + first, ws.uses.end(), before))
      std::stable_sort(ws.uses.begin() + first, ws.uses.end(), before);
  }
}

} // namespace

void build_bundles(const MFunction &m, Workspace &ws) {
  note_sources(m, ws);
  one_bundle_each(m, ws);
  merge_edges(m, ws);
  gather_uses(ws);
}

} // namespace trapeze::codegen
