#include "ir/handlers.hh"

#include "ir/effects.hh"

namespace trapeze::ir {

void mark_reached(const Function &fn, std::span<const Block> live, base::IdVec<Region, u8> &reached) {
  reached.clear();
  reached.resize(fn.regions.size(), 0);
  if (fn.regions.empty())
    return;
  for (Block b : live)
    for (Inst i = fn.blocks[b].first; !is_none(i); i = fn.links[i].next) {
      if (!may_throw(fn, i))
        continue;
      // Up the tree until a region that is known already, or that lets nothing pass.
      for (Region r = fn.call(i).region; !is_none(r) && reached[r] == 0; r = fn.regions[r].parent) {
        reached[r] = 1;
        if (catches_all(fn, r))
          break;
      }
    }
}

} // namespace trapeze::ir
