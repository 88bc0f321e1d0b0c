// Control flow of a function as arrays: successors, predecessors, depth-first orders.
//
// A region's pads count as successors of the region's entry block (function.hh), behind its real ones, so
// every analysis that walks this graph sees exceptional control flow without knowing of regions.
// Blocks that the entry does not reach have no place in any order and are nobody's predecessor.
#pragma once

#include "ir/function.hh"

#include <span>
#include <vector>

namespace trapeze::ir {

class Cfg {
public:
  void compute(const Function &fn);

  std::span<const Block> succs(Block b) const { return range(succ_first_, succs_, b); }
  std::span<const Block> preds(Block b) const { return range(pred_first_, preds_, b); }
  /// Reachable blocks; every block stands behind its dominators.
  std::span<const Block> reverse_postorder() const { return rpo_; }
  /// Depth-first preorder, with each block's parent in that tree (the entry's: no_block).
  std::span<const Block> preorder() const { return preorder_; }
  Block tree_parent(Block b) const { return parent_[b]; }
  bool is_reachable(Block b) const { return rpo_index_[b] != ~0u; }
  u32 rpo_index(Block b) const { return rpo_index_[b]; }
  /// The region whose entry block this is.
  Region entered_region(Block b) const { return entered_[b]; }

private:
  static std::span<const Block> range(const std::vector<u32> &first, const std::vector<Block> &all, Block b) {
    const u32 i = base::index_of(b);
    return {all.data() + first[i], first[i + 1] - first[i]};
  }
  void collect_succs(const Function &fn);
  void depth_first(const Function &fn);
  void collect_preds(const Function &fn);

  std::vector<u32> succ_first_, pred_first_;
  std::vector<Block> succs_, preds_, rpo_, preorder_;
  base::IdVec<Block, Block> parent_;
  base::IdVec<Block, u32> rpo_index_;
  base::IdVec<Block, Region> entered_;
  base::IdVec<Block, Block> seen_;
  std::vector<std::pair<Block, u32>> stack_;
};

} // namespace trapeze::ir
