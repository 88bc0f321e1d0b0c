#include "ir/cfg.hh"

#include <algorithm>

namespace trapeze::ir {

void Cfg::compute(const Function &fn) {
  entered_.clear();
  entered_.resize(fn.blocks.size(), no_region);
  for (Region r : base::ids(fn.regions))
    if (!is_none(fn.regions[r].entry) && fn.regions[r].clauses.count != 0)
      entered_[fn.regions[r].entry] = r;
  collect_succs(fn);
  depth_first(fn);
  collect_preds(fn);
}

/// A switch may name a block often: it is one successor.
void Cfg::collect_succs(const Function &fn) {
  succs_.clear();
  succ_first_.clear();
  seen_.clear();
  seen_.resize(fn.blocks.size(), no_block);
  for (Block b : base::ids(fn.blocks)) {
    succ_first_.push_back(static_cast<u32>(succs_.size()));
    const Inst end = fn.terminator(b);
    if (is_none(end))
      continue;
    for (u32 i = 0, n = fn.edge_count(end); i < n; ++i)
      if (const Block s = fn.edge(end, i).target; std::exchange(seen_[s], b) != b)
        succs_.push_back(s);
    if (const Region r = entered_[b]; !is_none(r)) {
      const base::PoolRange clauses = fn.regions[r].clauses;
      for (u32 i = 0; i < clauses.count; ++i)
        succs_.push_back(fn.clauses[clauses.first + i].pad);
    }
  }
  succ_first_.push_back(static_cast<u32>(succs_.size()));
}

/// Successors are visited in order of the array but pads first: what is visited first ends up last.
void Cfg::depth_first(const Function &fn) {
  const u32 n = fn.blocks.size();
  rpo_.clear();
  preorder_.clear();
  parent_.clear();
  parent_.resize(n, no_block);
  rpo_index_.clear();
  rpo_index_.resize(n, ~0u);
  const auto enter = [&](Block b) {
    rpo_index_[b] = 0; // visited
    preorder_.push_back(b);
    stack_.push_back({b, 0});
  };
  enter(fn.entry);
  while (!stack_.empty()) {
    auto &[b, next] = stack_.back();
    const std::span<const Block> out = succs(b);
    if (next == out.size()) {
      rpo_.push_back(b);
      stack_.pop_back();
      continue;
    }
    const u32 pads = is_none(entered_[b]) ? 0 : fn.regions[entered_[b]].clauses.count;
    const u32 i = next++;
    const Block s = i < pads ? out[out.size() - pads + i] : out[i - pads];
    if (rpo_index_[s] != ~0u)
      continue;
    parent_[s] = b;
    enter(s);
  }
  std::reverse(rpo_.begin(), rpo_.end());
  for (u32 i = 0; i < rpo_.size(); ++i)
    rpo_index_[rpo_[i]] = i;
}

void Cfg::collect_preds(const Function &fn) {
  pred_first_.assign(fn.blocks.size() + 2, 0);
  for (Block b : rpo_)
    for (Block s : succs(b))
      ++pred_first_[base::index_of(s) + 2];
  for (u32 i = 2; i < pred_first_.size(); ++i)
    pred_first_[i] += pred_first_[i - 1];
  preds_.resize(pred_first_.back());
  // While filling, [s + 1] is the next free place of s; afterwards it is the first of s + 1.
  for (Block b : rpo_)
    for (Block s : succs(b))
      preds_[pred_first_[base::index_of(s) + 1]++] = b;
}

} // namespace trapeze::ir
