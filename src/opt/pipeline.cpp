#include "opt/pipeline.hh"

#include "ir/order.hh"
#include "opt/passes.hh"

namespace trapeze::opt {

void run(ir::Function &fn, u32 level) {
  static thread_local Workspace ws;

  ws.cfg.compute(fn);
  prune_regions(fn, ws); // first: pads that nothing reaches would keep half of the function alive
  if (level > 0) {
    straighten(fn, ws);          // fewer blocks for all that follows, and longer stretches for value numbering
    number_values(fn, ws);       // before dead code: what became equal dies there
    eliminate_dead_code(fn, ws); // drops exception objects and slots too
    prune_regions(fn, ws);
    straighten(fn, ws); // branches on conditions that turned out constant
  }
  // --- from here on no instruction moves
  ws.dominators.compute(fn, ws.cfg);
  ws.loops.compute(fn, ws.cfg, ws.dominators);
  ir::order(fn, ws.cfg, ws.loops);
}

} // namespace trapeze::opt
