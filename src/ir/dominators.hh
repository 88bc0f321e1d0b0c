// The dominator tree, by the semi-NCA algorithm (Georgiadis, Linear-Time Algorithms for Dominators and
// Related Problems, 2005): semidominators as Lengauer-Tarjan compute them, then one walk up the tree per
// block. Blocks where ten thousand branches meet cost what their predecessors cost, not their square.
#pragma once

#include "ir/cfg.hh"

namespace trapeze::ir {

class Dominators {
public:
  void compute(const Function &fn, const Cfg &cfg);

  /// Immediate dominator; no_block for the entry and unreachable blocks.
  Block idom(Block b) const { return idom_[b]; }
  /// Reflexive. Both reachable.
  bool dominates(Block a, Block b) const { return first_[a] <= first_[b] && last_[b] <= last_[a]; }
  /// Reachable blocks so that each stands behind its immediate dominator and subtrees are contiguous.
  std::span<const Block> tree_order() const { return tree_order_; }
  u32 depth(Block b) const { return depth_[b]; }

private:
  void semidominators(const Cfg &cfg);
  u32 eval(u32 v);
  void number_tree(const Function &fn, const Cfg &cfg);

  base::IdVec<Block, Block> idom_;
  base::IdVec<Block, u32> first_, last_, depth_;
  std::vector<Block> tree_order_;
  // By preorder number:
  std::vector<u32> semi_, label_, ancestor_, tree_parent_, path_;
  base::IdVec<Block, u32> number_;
};

} // namespace trapeze::ir
