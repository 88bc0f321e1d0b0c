// Liveness from what has effects: an instruction lives if it may not be removed, or if a live one reads it.
// A block parameter lives if it is read; only then do its arguments. A store to a home slot lives if a live
// load reads the slot. What is left of `catch_ref` without a use of its reference is a `catch`.
#include "ir/effects.hh"
#include "ir/handlers.hh"
#include "opt/passes.hh"

#include <algorithm>

namespace trapeze::opt {

using namespace ir;

namespace {

struct Liveness {
  Function &fn;
  Workspace &ws;
  base::IdVec<Inst, u8> live;
  std::vector<Inst> work;
  std::vector<std::vector<Inst>> stores; ///< by slot, until a load of it lives

  void mark(Inst i) {
    if (live[i] != 0)
      return;
    live[i] = 1;
    work.push_back(i);
  }

  void roots() {
    for (Block b : ws.cfg.reverse_postorder())
      for (Inst i = fn.blocks[b].first; !is_none(i); i = fn.links[i].next)
        if (fn.insts[i].op == Op::SlotStore)
          stores[fn.insts[i].c].push_back(i);
        else if (!is_removable(fn, i))
          mark(i);
  }

  void reach(Inst i) {
    const InstRow &r = fn.insts[i];
    switch (r.op) {
    case Op::Param:
      if (const Block b = fn.links[i].block; b != fn.entry)
        for (Block p : ws.cfg.preds(b))
          mark(Value{fn.edge(fn.terminator(p), 0).args[r.c]});
      return;
    case Op::Jump:
      return; // arguments live with their parameters
    case Op::SlotLoad:
      for (Inst store : std::exchange(stores[r.c], {}))
        mark(store);
      return;
    case Op::Call:
    case Op::CallPtr:
    case Op::CallBuiltin:
      for (Inst p = fn.links[i].next; !is_none(p) && fn.insts[p].op == Op::Proj; p = fn.links[p].next)
        mark(p);
      [[fallthrough]];
    default:
      for_each_operand(fn, i, [&](u32 &operand) { mark(Inst{operand}); });
    }
  }

  void run() {
    live.resize(fn.insts.size(), 0);
    stores.resize(fn.slots.size());
    roots();
    while (!work.empty()) {
      const Inst i = work.back();
      work.pop_back();
      reach(i);
    }
  }

  void remove_dead() {
    for (Block b : ws.cfg.reverse_postorder())
      for (Inst i = fn.blocks[b].first, next; !is_none(i); i = next) {
        next = fn.links[i].next;
        if (live[i] == 0)
          fn.remove(i);
      }
  }

  void remove_dead_parameters() {
    std::vector<Value> args;
    for (Block b : ws.cfg.reverse_postorder()) {
      auto &params = fn.blocks[b].params;
      const auto is_dead = [&](Value v) { return live[v] == 0; };
      if (b == fn.entry || std::none_of(params.begin(), params.end(), is_dead))
        continue;
      for (Block p : ws.cfg.preds(b)) {
        const Inst jump = fn.terminator(p);
        const auto old = fn.edge(jump, 0).args;
        args.clear();
        for (u32 k = 0; k < params.size(); ++k)
          if (live[params[k]] != 0)
            args.push_back(Value{old[k]});
        const u32 edge = fn.make_edge(b, args);
        fn.insts[jump].b = edge;
      }
      std::erase_if(params, is_dead);
      for (u32 k = 0; k < params.size(); ++k)
        fn.insts[params[k]].c = k;
    }
  }

  /// Slots that kept a load, numbered anew.
  void compact_slots() {
    std::vector<u32> number(fn.slots.size(), ~0u);
    base::IdVec<Slot, SlotRow> kept;
    const auto renumber = [&](Inst i) {
      u32 &slot = fn.insts[i].c;
      if (number[slot] == ~0u)
        number[slot] = base::index_of(kept.push(fn.slots[Slot{slot}]));
      slot = number[slot];
    };
    for (Block b : ws.cfg.reverse_postorder())
      for (Inst i = fn.blocks[b].first; !is_none(i); i = fn.links[i].next)
        if (fn.insts[i].op == Op::SlotLoad || fn.insts[i].op == Op::SlotStore)
          renumber(i);
    fn.slots = std::move(kept);
  }

  bool makes_exnref(Block pad) const {
    for (Inst i = fn.blocks[pad].first; !is_none(i); i = fn.links[i].next)
      if (fn.insts[i].op == Op::CallBuiltin && fn.call(i).callee == static_cast<u32>(abi::Builtin::MakeExnref))
        return true;
    return false;
  }
};

} // namespace

void eliminate_dead_code(Function &fn, Workspace &ws) {
  Liveness l{fn, ws, {}, {}, {}};
  l.run();
  l.remove_dead_parameters(); // while the jumps still bring what they brought
  l.remove_dead();
  if (!fn.slots.empty())
    l.compact_slots();
  for (const RegionRow &region : fn.regions)
    for (u32 k = 0; k < region.clauses.count; ++k)
      if (ClauseRow &c = fn.clauses[region.clauses.first + k]; c.with_ref && !l.makes_exnref(c.pad))
        c.with_ref = false;
}

} // namespace trapeze::opt
