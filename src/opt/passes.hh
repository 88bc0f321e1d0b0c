// One function per pass, in a file of its name. Each leaves a function that ir::verify accepts, and finds and
// leaves ws.cfg up to date.
#pragma once

#include "ir/cfg.hh"
#include "ir/dominators.hh"
#include "ir/function.hh"
#include "ir/loops.hh"

namespace trapeze::opt {

struct Callees;

/// Analyses and scratch shared by the passes; storage is kept.
struct Workspace {
  ir::Cfg cfg;
  ir::Dominators dominators;
  ir::Loops loops;
  base::SideVec<ir::Value, ir::Value> replaced{ir::no_inst};
};

/// Clauses no call can reach go; each call names the innermost region that has clauses.
void prune_regions(ir::Function &fn, Workspace &ws);
/// Branches on constants become jumps; empty blocks are jumped over; a block and its only successor become one.
void straighten(ir::Function &fn, Workspace &ws);
/// Each value is computed once on each path (global value numbering over the dominator tree); words of the
/// instance that never change are loaded in front of loops.
void number_values(ir::Function &fn, Workspace &ws);
/// Values, parameters, slots and exception objects nobody uses go.
void eliminate_dead_code(ir::Function &fn, Workspace &ws);

/// Calls of small functions become their bodies; says whether any did.
bool inline_calls(ir::Function &fn, Workspace &ws, const Callees &callees);

/// What `v` has been replaced by, or itself.
ir::Value resolve(Workspace &ws, ir::Value v);
/// Replaces operands everywhere after a pass has filled ws.replaced, and clears it.
void rewrite(ir::Function &fn, Workspace &ws);

} // namespace trapeze::opt
