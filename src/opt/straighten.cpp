// Control flow that says nothing goes.
//
//   branch on a constant            -> jump (its other block had one predecessor: it is unreachable now)
//   branch to two empty blocks      -> jump, where both bring the same on
//   jump to an empty block          -> jump to where that one jumps
//   jump to a block of one          -> one block
//     predecessor
//
// Critical edges stay split: an empty block on an edge of a Branch or Switch stays unless its target has no other
// predecessor. A region's entry block is never extended by its successor, so that what dominates the end of
// the entry is what was computed before the region.
#include "ir/effects.hh"
#include "opt/passes.hh"

#include <algorithm>

namespace trapeze::opt {

using namespace ir;

static void make_jump(Function &fn, Inst end, Block target) {
  const u32 edge = fn.make_edge(target);
  fn.insts[end] = {Op::Jump, Type::None, 0, 0, edge, 0};
}

static bool fold_branches(Function &fn, const Cfg &cfg) {
  bool changed = false;
  for (Block b : cfg.reverse_postorder()) {
    const Inst end = fn.terminator(b);
    if ((fn.insts[end].op != Op::Branch && fn.insts[end].op != Op::Switch))
      continue;
    const InstRow &r = fn.insts[end];
    const InstRow &condition = fn.insts[r.arg(0)];
    if (condition.op != Op::Const)
      continue;
    const u32 value = static_cast<u32>(condition.bits());
    const u32 taken = r.op == Op::Branch ? value == 0 : std::min(value, r.c - 1);
    make_jump(fn, end, fn.edge(end, taken).target);
    changed = true;
  }
  return changed;
}

namespace {

struct Straightener {
  Function &fn;
  Workspace &ws;

  bool is_empty(Block b) const {
    const BlockRow &row = fn.blocks[b];
    return row.first == row.last && fn.insts[row.last].op == Op::Jump && row.params.empty() && !row.is_pad &&
           b != fn.entry && is_none(ws.cfg.entered_region(b));
  }

  /// Follows empty blocks; a ring of them (an endless loop) ends the walk.
  void jump_over(Block b) {
    const Inst end = fn.terminator(b);
    if (fn.insts[end].op != Op::Jump)
      return;
    for (u32 steps = 0; steps < 64; ++steps) {
      const Block target = fn.edge(end, 0).target;
      if (target == b || !is_empty(target))
        return;
      const Inst next = fn.terminator(target);
      if (fn.edge(next, 0).target == target)
        return;
      changed = true;
      fn.insts[end].b = fn.insts[next].b; // an edge may be shared: passes replace edges, or rewrite them alike
    }
  }

  bool may_absorb(Block b, Block next) const {
    return next != fn.entry && next != b && ws.cfg.preds(next).size() == 1 && is_none(ws.cfg.entered_region(b)) &&
           !fn.blocks[next].is_pad;
  }

  /// Both arms do nothing: the condition does not matter.
  void merge_arms(Block b) {
    const Inst end = fn.terminator(b);
    if (fn.insts[end].op != Op::Branch)
      return;
    const Block yes = fn.edge(end, 0).target, no = fn.edge(end, 1).target;
    if (!is_empty(yes) || !is_empty(no))
      return;
    const Edge x = fn.edge(fn.terminator(yes), 0), y = fn.edge(fn.terminator(no), 0);
    if (x.target != y.target || !std::equal(x.args.begin(), x.args.end(), y.args.begin(), y.args.end()))
      return;
    fn.insts[end] = {Op::Jump, Type::None, 0, 0, fn.insts[fn.terminator(yes)].b, 0};
    changed = true;
  }

  /// Appends the only successor as long as that is possible.
  void extend(Block b) {
    for (;;) {
      const Inst end = fn.terminator(b);
      if (fn.insts[end].op != Op::Jump)
        return;
      const Block next = fn.edge(end, 0).target;
      if (!may_absorb(b, next) || is_absorbed[next] != 0)
        return;
      const Edge e = fn.edge(end, 0);
      for (u32 k = 0; k < e.args.size(); ++k)
        ws.replaced[fn.blocks[next].params[k]] = Value{e.args[k]};
      fn.remove(end);
      append(b, next);
      if (const Region r = ws.cfg.entered_region(next); !is_none(r)) {
        fn.regions[r].entry = b;
        return;
      }
    }
  }

  void append(Block b, Block next) {
    BlockRow &from = fn.blocks[next], &to = fn.blocks[b];
    for (Inst i = from.first; !is_none(i); i = fn.links[i].next)
      fn.links[i].block = b;
    fn.links[from.first].prev = to.last;
    (is_none(to.last) ? to.first : fn.links[to.last].next) = from.first;
    to.last = from.last;
    from.first = from.last = no_inst;
    from.params.clear();
    is_absorbed[next] = 1;
    changed = true;
  }

  base::SideVec<Block, u8> is_absorbed{0};
  bool changed = false;
};

} // namespace

void straighten(Function &fn, Workspace &ws) {
  if (fold_branches(fn, ws.cfg))
    ws.cfg.compute(fn);
  Straightener s{fn, ws, base::SideVec<Block, u8>(0), false};
  for (Block b : ws.cfg.reverse_postorder()) {
    s.merge_arms(b);
    s.jump_over(b);
  }
  if (std::exchange(s.changed, false))
    ws.cfg.compute(fn);
  for (Block b : ws.cfg.reverse_postorder())
    if (s.is_absorbed[b] == 0)
      s.extend(b);
  if (!s.changed)
    return;
  ws.cfg.compute(fn);
  rewrite(fn, ws);
}

} // namespace trapeze::opt
