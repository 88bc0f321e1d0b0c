// The end of SSA construction: phis that stayed get their arguments on every jump, the others go.
//
// Explicit block parameters (results of blocks, parameters of loops) are treated like phis from here on:
// most have one predecessor or one distinct argument.
#include "translate/variables.hh"

#include "base/assert.hh"
#include "ir/effects.hh"

namespace trapeze::translate {

using ir::Inst;
using ir::is_none;
using ir::no_inst;
using ir::Op;

void Variables::finish() {
  gather_explicit_arguments();
  remove_trivial_phis();
  complete_jumps();
  if (any_forwarded_)
    rewrite_operands();
  drop_unread_slots();
}

void Variables::gather_explicit_arguments() {
  for (Block b : base::ids(fn_->blocks)) {
    if (b == fn_->entry)
      continue;
    ASSERT_SLOW(blocks_[b].sealed || blocks_[b].pred_count == 0);
    u32 ordinal = 0;
    for (Value param : fn_->blocks[b].params) {
      ir::InstRow &row = fn_->insts[param];
      if (row.b == 1) // a phi: has its operands
        continue;
      row.a = static_cast<u32>(operands_.size());
      row.b = 1;
      for (u32 p = blocks_[b].first_pred; p != ~0u; p = preds_[p].next)
        operands_.push_back(Value{fn_->edge(fn_->terminator(preds_[p].pred), 0).args[ordinal]});
      ++ordinal;
    }
  }
}

/// Forwarding one phi may make those trivial that use it: a work list over the uses among phis.
void Variables::remove_trivial_phis() {
  std::vector<Value> phis;
  base::SideVec<Value, u32> first_user{~0u};
  struct User {
    Value phi;
    u32 next;
  };
  std::vector<User> users;
  for (Block b : base::ids(fn_->blocks))
    if (b != fn_->entry)
      for (Value param : fn_->blocks[b].params)
        if (is_none(std::as_const(forwarded_)[param]))
          phis.push_back(param);
  if (phis.empty())
    return;
  first_user.resize(fn_->insts.size());
  for (Value phi : phis)
    for (u32 k = 0, n = operand_count(phi); k < n; ++k)
      if (const Value v = resolve(operands_[fn_->insts[phi].a + k]); v != phi && fn_->insts[v].op == Op::Param) {
        users.push_back({phi, first_user[v]});
        first_user[v] = static_cast<u32>(users.size()) - 1;
      }
  while (!phis.empty()) {
    const Value phi = phis.back();
    phis.pop_back();
    if (!is_none(std::as_const(forwarded_)[phi]) || !forward_if_trivial(phi))
      continue;
    const Value to = resolve(phi);
    for (u32 u = first_user[phi]; u != ~0u;) {
      const u32 next = users[u].next;
      phis.push_back(users[u].phi);
      if (fn_->insts[to].op == Op::Param) { // they use `to` from now on
        users[u].next = first_user[to];
        first_user[to] = u;
      }
      u = next;
    }
    first_user[phi] = ~0u;
  }
}

void Variables::complete_jumps() {
  std::vector<Value> kept, args;
  for (Block b : base::ids(fn_->blocks)) {
    auto &params = fn_->blocks[b].params;
    if (b == fn_->entry || params.empty())
      continue;
    kept.clear();
    for (Value param : params)
      if (is_none(std::as_const(forwarded_)[param]))
        kept.push_back(param);
    u32 k = 0;
    for (u32 p = blocks_[b].first_pred; p != ~0u; p = preds_[p].next, ++k) {
      args.clear();
      for (Value param : kept)
        args.push_back(resolve(operands_[fn_->insts[param].a + k]));
      const Inst jump = fn_->terminator(preds_[p].pred);
      ASSERT(fn_->insts[jump].op == Op::Jump);
      const u32 edge = fn_->make_edge(b, args);
      fn_->insts[jump].b = edge;
    }
    params = kept;
    for (u32 i = 0; i < kept.size(); ++i)
      fn_->insts[kept[i]] = {Op::Param, fn_->type(kept[i]), 0, 0, 0, i};
  }
}

void Variables::rewrite_operands() {
  for (Block b : base::ids(fn_->blocks))
    for (Inst i = fn_->blocks[b].first; !is_none(i); i = fn_->links[i].next)
      ir::for_each_operand(*fn_, i, [&](u32 &operand) { operand = base::index_of(resolve(Value{operand})); });
}

void Variables::drop_unread_slots() {
  if (fn_->slots.empty())
    return;
  std::vector<u32> number(fn_->slots.size(), ~0u);
  for (Block b : base::ids(fn_->blocks))
    for (Inst i = fn_->blocks[b].first; !is_none(i); i = fn_->links[i].next)
      if (fn_->insts[i].op == Op::SlotLoad)
        number[fn_->insts[i].c] = 0;
  base::IdVec<ir::Slot, ir::SlotRow> slots;
  for (u32 s = 0; s < number.size(); ++s)
    if (number[s] == 0)
      number[s] = base::index_of(slots.push(fn_->slots[ir::Slot{s}]));
  for (Block b : base::ids(fn_->blocks))
    for (Inst i = fn_->blocks[b].first, next; !is_none(i); i = next) {
      next = fn_->links[i].next;
      ir::InstRow &row = fn_->insts[i];
      if (row.op == Op::SlotStore && number[row.c] == ~0u)
        fn_->remove(i);
      else if (row.op == Op::SlotStore || row.op == Op::SlotLoad)
        row.c = number[row.c];
    }
  fn_->slots = std::move(slots);
}

} // namespace trapeze::translate
