// The rules of the IR, checked: for tests, debug builds (Settings::verify) and after each pass when something is wrong.
//
//   - each block ends in one terminator and has no other; Params belong to their block
//   - operands have the types the op asks for; edges bring what the target's parameters take
//   - each use is dominated by its definition; a Proj stands right behind its call
//   - only Jumps pass arguments or lead to blocks with several predecessors (critical edges are split)
//   - the entry has no predecessor; pads have none but their region's entry, no parameters, and belong to
//     one clause; a region's entry has one successor; regions are a tree
//   - ReturnCall has no region
//   - a slot that a pad loads has been stored on every path to each call that can reach the pad
#pragma once

#include "ir/function.hh"

#include <string>

namespace trapeze::ir {

/// Empty, or what is wrong and where.
std::string verify(const Function &fn);

} // namespace trapeze::ir
