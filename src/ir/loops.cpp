#include "ir/loops.hh"

namespace trapeze::ir {

void Loops::compute(const Function &fn, const Cfg &cfg, const Dominators &dominators) {
  rows.clear();
  outermost_.clear();
  innermost_.clear();
  innermost_.resize(fn.blocks.size(), no_loop);
  const auto outermost = [&](Loop l) {
    Loop top = l;
    while (outermost_[top] != top)
      top = outermost_[top];
    while (outermost_[l] != top)
      l = std::exchange(outermost_[l], top);
    return top;
  };
  std::vector<Block> work;
  const auto rpo = cfg.reverse_postorder();
  for (u32 i = static_cast<u32>(rpo.size()); i-- > 0;) { // inner headers first
    const Block header = rpo[i];
    for (Block p : cfg.preds(header))
      if (dominators.dominates(header, p))
        work.push_back(p);
    if (work.empty())
      continue;
    const Loop loop = rows.push({header});
    outermost_.push(loop);
    while (!work.empty()) {
      Block b = work.back();
      work.pop_back();
      if (!is_none(innermost_[b])) {
        const Loop inner = outermost(innermost_[b]);
        if (inner == loop)
          continue;
        rows[inner].parent = loop;
        outermost_[inner] = loop;
        b = rows[inner].header;
      } else {
        innermost_[b] = loop;
      }
      if (b == header)
        continue;
      for (Block p : cfg.preds(b))
        work.push_back(p);
    }
    innermost_[header] = loop;
  }
  for (u32 i = rows.size(); i-- > 0;) // parents have the greater numbers
    if (LoopRow &row = rows[static_cast<Loop>(i)]; !is_none(row.parent))
      row.depth = rows[row.parent].depth + 1;
}

} // namespace trapeze::ir
