#include "opt/pipeline.hh"

#include "ir/order.hh"
#include "opt/passes.hh"

namespace trapeze::opt {

void run(ir::Function &fn, u32 level, base::Laps *laps, const Callees *callees) {
  static thread_local Workspace ws;

  ws.cfg.compute(fn);
  prune_regions(fn, ws); // first: pads that nothing reaches would keep half of the function alive
  base::lap(laps, "optimise/regions");
  if (level >= 1) {
    straighten(fn, ws); // fewer blocks for all that follows, and longer stretches for value numbering
    base::lap(laps, "optimise/straighten");
    if (level >= 3 && callees != nullptr && inline_calls(fn, ws, *callees))
      straighten(fn, ws); // bodies grow together with what stood around their calls
    base::lap(laps, "optimise/inline");
    if (level >= 2)
      number_values(fn, ws); // before dead code: what became equal dies there
    base::lap(laps, "optimise/number values");
    eliminate_dead_code(fn, ws); // drops exception objects and slots too
    base::lap(laps, "optimise/dead code");
    prune_regions(fn, ws);
    base::lap(laps, "optimise/regions");
  }
  if (level >= 2) {
    straighten(fn, ws); // branches on conditions that turned out constant
    base::lap(laps, "optimise/straighten");
  }
  // --- from here on no instruction moves
  ws.dominators.compute(fn, ws.cfg);
  ws.loops.compute(fn, ws.cfg, ws.dominators);
  ir::order(fn, ws.cfg, ws.loops);
  base::lap(laps, "optimise/order");
}

} // namespace trapeze::opt
