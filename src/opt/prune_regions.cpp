// Regions without effect: those no call reaches (a throw that became a jump leaves some), and those without
// clauses (a legacy `delegate` makes some). Calls are moved to the innermost region that matters.
//
// Dropping the clauses of one region makes its pads unreachable, and calls in them no longer reach anything:
// repeated until nothing changes, at most once per level of nesting in pads, in practice twice.
#include "ir/effects.hh"
#include "ir/handlers.hh"
#include "opt/passes.hh"

namespace trapeze::opt {

using namespace ir;

static bool drop_unreached(Function &fn, const Cfg &cfg) {
  base::IdVec<Region, u8> reached;
  mark_reached(fn, cfg.reverse_postorder(), reached);
  bool changed = false;
  for (Region r : base::ids(fn.regions)) {
    RegionRow &row = fn.regions[r];
    if (row.clauses.count != 0 && (reached[r] == 0 || !cfg.is_reachable(row.entry))) {
      row.clauses = {};
      changed = true;
    }
  }
  return changed;
}

void prune_regions(Function &fn, Workspace &ws) {
  if (fn.regions.empty())
    return;
  while (drop_unreached(fn, ws.cfg))
    ws.cfg.compute(fn);
  // The nearest region with clauses, by itself or outward: parents have lower numbers.
  base::IdVec<Region, Region> nearest;
  for (Region r : base::ids(fn.regions)) {
    RegionRow &row = fn.regions[r];
    row.parent = is_none(row.parent) ? no_region : nearest[row.parent];
    nearest.push(row.clauses.count != 0 ? r : row.parent);
    if (row.clauses.count == 0)
      row = {};
  }
  for (Block b : ws.cfg.reverse_postorder())
    for (Inst i = fn.blocks[b].first; !is_none(i); i = fn.links[i].next)
      if (row(fn.insts[i].op).effect == Effect::Call)
        if (const Region r = fn.call(i).region; !is_none(r))
          fn.set_call_region(i, nearest[r]);
}

} // namespace trapeze::opt
