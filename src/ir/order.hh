// The order of emission: reverse postorder with each loop contiguous, cold blocks behind everything.
// Every block stands behind its dominators, but cold ones, which stand behind all warm ones in the same order.
#pragma once

#include "ir/loops.hh"

namespace trapeze::ir {

/// Fills fn.layout with the reachable blocks, and loop_depth and is_cold of each.
void order(Function &fn, const Cfg &cfg, const Loops &loops);

} // namespace trapeze::ir
