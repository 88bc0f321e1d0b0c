#include "ir/dominators.hh"

namespace trapeze::ir {

void Dominators::compute(const Function &fn, const Cfg &cfg) {
  const u32 blocks = fn.blocks.size();
  idom_.clear();
  idom_.resize(blocks, no_block);
  number_.clear();
  number_.resize(blocks, ~0u);
  const auto order = cfg.preorder();
  for (u32 i = 0; i < order.size(); ++i)
    number_[order[i]] = i;
  semidominators(cfg);
  // The walk: from the tree parent up to a block numbered at most the semidominator.
  std::vector<u32> &idom = label_; // free again
  idom.assign(order.size(), 0);
  for (u32 v = 1; v < order.size(); ++v) {
    u32 d = tree_parent_[v];
    while (d > semi_[v])
      d = idom[d];
    idom[v] = d;
    idom_[order[v]] = order[d];
  }
  number_tree(fn, cfg);
}

void Dominators::semidominators(const Cfg &cfg) {
  const auto order = cfg.preorder();
  const u32 n = static_cast<u32>(order.size());
  semi_.resize(n);
  label_.resize(n);
  tree_parent_.resize(n);
  ancestor_.assign(n, ~0u);
  for (u32 v = 0; v < n; ++v) {
    semi_[v] = label_[v] = v;
    tree_parent_[v] = v == 0 ? 0 : number_[cfg.tree_parent(order[v])];
  }
  for (u32 v = n; v-- > 1;) {
    for (Block p : cfg.preds(order[v]))
      if (const u32 s = semi_[eval(number_[p])]; s < semi_[v])
        semi_[v] = s;
    ancestor_[v] = tree_parent_[v]; // link
  }
}

/// The vertex of least semidominator on the linked path above v, compressing the path.
u32 Dominators::eval(u32 v) {
  if (ancestor_[v] == ~0u)
    return label_[v];
  path_.clear();
  for (u32 u = v; ancestor_[ancestor_[u]] != ~0u; u = ancestor_[u])
    path_.push_back(u);
  for (u32 i = static_cast<u32>(path_.size()); i-- > 0;) {
    const u32 u = path_[i], a = ancestor_[u];
    if (semi_[label_[a]] < semi_[label_[u]])
      label_[u] = label_[a];
    ancestor_[u] = ancestor_[a];
  }
  return label_[v];
}

void Dominators::number_tree(const Function &fn, const Cfg &cfg) {
  // Children lists, then an explicit depth-first walk.
  const u32 blocks = fn.blocks.size();
  base::IdVec<Block, Block> child, sibling;
  child.resize(blocks, no_block);
  sibling.resize(blocks, no_block);
  const auto rpo = cfg.reverse_postorder();
  for (u32 i = static_cast<u32>(rpo.size()); i-- > 1;) {
    const Block b = rpo[i], d = idom_[b];
    sibling[b] = child[d];
    child[d] = b;
  }
  first_.clear();
  first_.resize(blocks, 0);
  last_.clear();
  last_.resize(blocks, 0);
  depth_.clear();
  depth_.resize(blocks, 0);
  tree_order_.clear();
  std::vector<Block> stack{fn.entry};
  u32 clock = 0;
  first_[fn.entry] = clock++;
  tree_order_.push_back(fn.entry);
  while (!stack.empty()) {
    const Block b = stack.back(), c = child[b];
    if (is_none(c)) {
      last_[b] = clock++;
      stack.pop_back();
      continue;
    }
    child[b] = sibling[c];
    depth_[c] = depth_[b] + 1;
    first_[c] = clock++;
    tree_order_.push_back(c);
    stack.push_back(c);
  }
}

} // namespace trapeze::ir
