#include "ir/order.hh"

#include <algorithm>

namespace trapeze::ir {

/// Pads, blocks that end in a trap or a throw, and blocks that lead to cold blocks only.
static void mark_cold(Function &fn, const Cfg &cfg) {
  const auto rpo = cfg.reverse_postorder();
  for (u32 i = static_cast<u32>(rpo.size()); i-- > 1;) {
    BlockRow &b = fn.blocks[rpo[i]];
    const Op end = fn.insts[b.last].op;
    if (b.is_pad || end == Op::Trap || end == Op::Unreachable)
      b.is_cold = true;
    const auto succs = cfg.succs(rpo[i]);
    if (!b.is_cold && !succs.empty())
      b.is_cold = std::all_of(succs.begin(), succs.end(),
                              [&](Block s) { return fn.blocks[s].is_cold && cfg.rpo_index(s) > i; });
  }
  // And what only cold blocks lead to, loops aside: their headers' back edges are judged by the entry edge.
  for (u32 i = 1; i < rpo.size(); ++i) {
    if (fn.blocks[rpo[i]].is_cold)
      continue;
    bool cold = true;
    for (Block p : cfg.preds(rpo[i]))
      if (cfg.rpo_index(p) < i && !fn.blocks[p].is_cold)
        cold = false;
    fn.blocks[rpo[i]].is_cold = cold;
  }
}

namespace {
/// The loop tree with blocks as leaves, children in reverse postorder.
struct Nest {
  struct Item {
    u32 next = ~0u;
    Block block = no_block; ///< or
    Loop loop = no_loop;
  };
  struct List {
    u32 first = ~0u, last = ~0u;
  };
  std::vector<Item> items;
  base::IdVec<Loop, List> lists;
  List top;

  void add(Loop where, Item item) {
    List &list = is_none(where) ? top : lists[where];
    const u32 at = static_cast<u32>(items.size());
    items.push_back(item);
    (list.first == ~0u ? list.first : items[list.last].next) = at;
    list.last = at;
  }
};
} // namespace

static void place(Function &fn, const Nest &nest) {
  std::vector<u32> stack{nest.top.first};
  while (!stack.empty()) {
    const u32 at = stack.back();
    if (at == ~0u) {
      stack.pop_back();
      continue;
    }
    const Nest::Item &item = nest.items[at];
    stack.back() = item.next;
    if (is_none(item.loop))
      fn.layout.push_back(item.block);
    else
      stack.push_back(nest.lists[item.loop].first);
  }
}

void order(Function &fn, const Cfg &cfg, const Loops &loops) {
  mark_cold(fn, cfg);
  Nest nest;
  nest.lists.resize(loops.rows.size());
  for (Block b : cfg.reverse_postorder()) {
    const Loop loop = loops.innermost(b);
    fn.blocks[b].loop_depth = is_none(loop) ? 0 : static_cast<u8>(std::min(loops.rows[loop].depth, 255u));
    if (!is_none(loop) && loops.rows[loop].header == b)
      nest.add(loops.rows[loop].parent, {.loop = loop});
    nest.add(loop, {.block = b});
  }
  fn.layout.clear();
  place(fn, nest);
  std::stable_partition(fn.layout.begin(), fn.layout.end(), [&](Block b) { return !fn.blocks[b].is_cold; });
}

} // namespace trapeze::ir
