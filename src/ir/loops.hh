// Natural loops: a header and all blocks that reach a back edge to it without passing the header.
// Wasm's control flow is structured, so every loop is natural (pads too: their predecessor is in the loop).
#pragma once

#include "ir/dominators.hh"

namespace trapeze::ir {

enum class Loop : u32 {};
inline constexpr Loop no_loop = base::none_id<Loop>();

struct LoopRow {
  Block header;
  Loop parent = no_loop;
  u32 depth = 1;
};

class Loops {
public:
  void compute(const Function &fn, const Cfg &cfg, const Dominators &dominators);
  Loop innermost(Block b) const { return innermost_[b]; }
  base::IdVec<Loop, LoopRow> rows;

private:
  base::IdVec<Block, Loop> innermost_;
  base::IdVec<Loop, Loop> outermost_; ///< with path compression, while the nest grows
};

} // namespace trapeze::ir
