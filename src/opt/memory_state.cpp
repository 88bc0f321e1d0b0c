#include "opt/memory_state.hh"

#include "ir/effects.hh"

namespace trapeze::opt {

using namespace ir;

u8 MemoryState::effects(Inst inst) const {
  const InstRow &r = fn_->insts[inst];
  if (r.op == Op::Store) {
    const u32 region = index(Access::unpack(r.aux).alias);
    return region < tracked ? static_cast<u8>(1u << region) : 0;
  }
  return clobbers_state(*fn_, inst) ? everything : 0;
}

/// A pad stands for the call that throws to it, which may be outside of the loop that the pad is in.
u8 MemoryState::effects(Block b) const {
  u8 all = fn_->blocks[b].is_pad ? everything : 0;
  for (Inst i = fn_->blocks[b].first; !is_none(i) && all != everything; i = fn_->links[i].next)
    all |= effects(i);
  return all;
}

void MemoryState::start(const Function &fn, const Workspace &ws) {
  fn_ = &fn;
  ws_ = &ws;
  last_ = 0;
  at_end_.clear();
  at_end_.resize(fn.blocks.size());
  effects_.clear();
  effects_.resize(ws.loops.rows.size(), 0);
  if (effects_.empty())
    return;
  for (Block b : ws.cfg.reverse_postorder()) {
    Loop l = ws.loops.innermost(b);
    if (is_none(l) || effects_[l] == everything)
      continue;
    // Outward until a loop knows it all already: each loop learns each bit once.
    for (const u8 all = effects(b); !is_none(l) && (all & ~effects_[l]) != 0; l = ws.loops.rows[l].parent)
      effects_[l] |= all;
  }
}

void MemoryState::apply(Inst inst) {
  const u8 changed = effects(inst);
  for (u32 k = 0; changed != 0 && k < tracked; ++k)
    if (changed >> k & 1)
      now_[k] = ++last_;
}

void MemoryState::enter(Block b) {
  const auto preds = ws_->cfg.preds(b);
  const u32 here = ws_->cfg.rpo_index(b);
  const Loop innermost = ws_->loops.innermost(b);
  const bool is_header = !is_none(innermost) && ws_->loops.rows[innermost].header == b;
  u8 unknown = preds.empty() || fn_->blocks[b].is_pad ? everything : 0;
  bool is_first = true;
  for (Block p : preds) {
    if (unknown == everything)
      break;
    if (ws_->cfg.rpo_index(p) >= here) {
      unknown |= is_header ? effects_[innermost] : everything;
      continue;
    }
    const States &there = at_end_[p];
    for (u32 k = 0; k < tracked && !is_first; ++k)
      if (now_[k] != there[k])
        unknown |= static_cast<u8>(1u << k);
    if (std::exchange(is_first, false))
      now_ = there;
  }
  for (u32 k = 0; k < tracked; ++k)
    if (unknown >> k & 1)
      now_[k] = ++last_;
}

} // namespace trapeze::opt
