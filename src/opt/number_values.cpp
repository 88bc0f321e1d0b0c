// Global value numbering with dominance scoping.
//
// Blocks are visited in the order of the dominator tree; a table maps {op, operands} to the first instruction
// that computed it. An entry counts where its block dominates the current one; an entry of a finished subtree
// is overwritten. Loads of words that never change (Alias::Fixed) count as pure. Loads of lengths and globals
// carry a number of the memory state in their key: it changes at each call, and at each join.
//
// Constants are not merged across blocks (they are cheap to make again and dear to keep), but count as equal.
// A word of the instance, or of what such a word points at, is loaded in front of the outermost loop: it exists as
// long as the instance, so loading it early is always safe. Where the loop calls, it is loaded again and again: few
// registers survive a call, and a load is cheaper than what a spilled one costs. Other invariants stay: producers
// hoisted them already, and what is left is mostly address arithmetic that selection folds. Nothing is taken over into
// a pad: what lives from the entry into a pad would lie in a frame slot during the whole region, while most of what a
// pad needs is cheap.
#include "ir/effects.hh"
#include "opt/passes.hh"

#include <algorithm>

namespace trapeze::opt {

using namespace ir;

namespace {

struct Key {
  InstRow row;
  u32 state;   ///< of memory; 0 where it does not matter
  Block scope; ///< in the key, or ten thousand pads with equal loads would share one chain
};

struct Entry {
  Key key;
  Inst inst = no_inst;
  u32 epoch = 0;
};

class Numbering {
public:
  Numbering() : table_(1024) {}
  void run(Function &fn, Workspace &ws);

private:
  void block(Block b);
  void visit(Inst i);
  void merge_parameters(Block b);
  Inst find_or_add(const Key &key, Inst inst);
  bool is_instance_word(const InstRow &load) const;
  void hoist(Inst load);
  void find_calling_loops();
  void grow();
  Value number(Value v) const {
    const Value n = numbers_[v];
    return is_none(n) ? v : n;
  }
  bool is_usable(Inst leader, Inst inst) const;

  Function *fn_ = nullptr;
  Workspace *ws_ = nullptr;
  std::vector<Entry> table_;
  u32 epoch_ = 0, count_ = 0;
  base::SideVec<Value, Value> numbers_{no_inst}; ///< constants: the first equal one
  base::IdVec<Block, Block> scope_;              ///< the innermost pad that dominates, or the entry
  struct State {
    u32 lengths = 0, globals = 0;
  };
  base::IdVec<Block, State> state_at_end_;
  base::IdVec<Loop, u8> calls_; ///< a call stands in it
  void forget() { state_ = {++states_, states_}; }
  State state_;
  u32 states_ = 0;
};

u32 hash(const Key &k) {
  u64 h = static_cast<u64>(k.row.op) | static_cast<u64>(k.row.type) << 8 | u64{k.row.aux} << 16 | u64{k.row.c} << 32;
  h = (h ^ k.row.bits()) * 0x9e3779b97f4a7c15;
  h = (h ^ h >> 29 ^ k.row.b ^ u64{k.state} << 20 ^ u64{base::index_of(k.scope)} << 40) * 0xbf58476d1ce4e5b9;
  return static_cast<u32>(h >> 32);
}

bool same(const Key &x, const Key &y) {
  return x.row.op == y.row.op && x.row.type == y.row.type && x.row.aux == y.row.aux && x.row.a == y.row.a &&
         x.row.b == y.row.b && x.row.c == y.row.c && x.state == y.state && x.scope == y.scope;
}

bool Numbering::is_usable(Inst leader, Inst inst) const {
  return ws_->dominators.dominates(fn_->links[leader].block, fn_->links[inst].block);
}

/// The instruction that computes this already, or the new one, which is entered.
Inst Numbering::find_or_add(const Key &key, Inst inst) {
  const u32 mask = static_cast<u32>(table_.size()) - 1;
  u32 at = hash(key) & mask;
  for (; table_[at].epoch == epoch_; at = (at + 1) & mask) {
    Entry &e = table_[at];
    if (!same(e.key, key))
      continue;
    if (key.row.op == Op::Const)
      return e.inst;
    if (!is_usable(e.inst, inst))
      e.inst = inst;
    return e.inst;
  }
  table_[at] = {key, inst, epoch_};
  if (++count_ * 2 > table_.size())
    grow();
  return inst;
}

void Numbering::grow() {
  const std::vector<Entry> old = std::move(table_);
  table_ = std::vector<Entry>(old.size() * 2);
  const u32 mask = static_cast<u32>(table_.size()) - 1;
  for (const Entry &e : old) {
    if (e.epoch != epoch_)
      continue;
    u32 at = hash(e.key) & mask;
    while (table_[at].epoch == epoch_)
      at = (at + 1) & mask;
    table_[at] = e;
  }
}

bool Numbering::is_instance_word(const InstRow &load) const {
  const InstRow &address = fn_->insts[load.arg(0)];
  const auto is_fixed = [](const InstRow &r) {
    return r.op == Op::Load && Access::unpack(r.aux).alias == Alias::Fixed;
  };
  return is_fixed(load) && Access::unpack(load.aux).removable &&
         (address.op == Op::Instance || (is_fixed(address) && fn_->insts[address.arg(0)].op == Op::Instance));
}

/// To the end of the block in front of the outermost loop around it, within the same pad. The table's entry holds:
/// the new place dominates the old one, and everything there was visited before.
void Numbering::hoist(Inst load) {
  const Block here = fn_->links[load].block, address = fn_->links[fn_->insts[load].arg(0)].block;
  Block to = here;
  for (Loop l = ws_->loops.innermost(here); !is_none(l); l = ws_->loops.rows[l].parent) {
    const Block front = ws_->dominators.idom(ws_->loops.rows[l].header);
    if (calls_[l] != 0 || scope_[front] != scope_[here] || !ws_->dominators.dominates(address, front))
      break;
    to = front;
  }
  if (to == here)
    return;
  fn_->remove(load);
  fn_->insert_before(fn_->terminator(to), load);
}

void Numbering::find_calling_loops() {
  calls_.clear();
  calls_.resize(ws_->loops.rows.size(), 0);
  for (Block b : ws_->cfg.reverse_postorder()) {
    const Loop innermost = ws_->loops.innermost(b);
    if (is_none(innermost) || calls_[innermost] != 0)
      continue;
    Inst i = fn_->blocks[b].first;
    while (!is_none(i) && row(fn_->insts[i].op).effect != Effect::Call)
      i = fn_->links[i].next;
    if (!is_none(i))
      for (Loop l = innermost; !is_none(l) && calls_[l] == 0; l = ws_->loops.rows[l].parent)
        calls_[l] = 1;
  }
}

void Numbering::visit(Inst i) {
  for_each_operand(*fn_, i, [&](u32 &operand) { operand = base::index_of(resolve(*ws_, Value{operand})); });
  const InstRow &r = fn_->insts[i];
  if (clobbers_state(*fn_, i))
    forget();
  Key key{r, 0, r.op == Op::Const ? no_block : scope_[fn_->links[i].block]};
  const OpRow &op = row(r.op);
  if (op.format == Format::Load) {
    const Alias alias = Access::unpack(r.aux).alias;
    if (alias == Alias::Length || alias == Alias::Global)
      key.state = alias == Alias::Length ? state_.lengths : state_.globals;
    else if (alias != Alias::Fixed)
      return;
    key.row.a = base::index_of(number(r.arg(0)));
  } else if (op.format == Format::Store) {
    if (Access::unpack(r.aux).alias == Alias::Global)
      state_.globals = ++states_;
    return;
  } else if (op.effect != Effect::Pure && op.format != Format::Binary && op.format != Format::Unary &&
             r.op != Op::TrapIf) {
    return;
  } else if (op.format == Format::Unary || op.format == Format::Binary || op.format == Format::Ternary) {
    // Divisions and truncations too: the first one traps or gives this value.
    key.row.a = base::index_of(number(r.arg(0)));
    if (op.format != Format::Unary)
      key.row.b = base::index_of(number(r.arg(1)));
    if (op.format == Format::Ternary)
      key.row.c = base::index_of(number(r.arg(2)));
  } else if (r.op == Op::TrapIf) { // checked before: it held
    key.row.a = base::index_of(number(r.arg(0)));
  } else if (r.op != Op::Const) {
    return;
  }
  const Inst leader = find_or_add(key, i);
  if (leader == i) {
    if (r.op == Op::Load && is_instance_word(r))
      hoist(i);
    return;
  }
  if (r.op == Op::Const && fn_->links[leader].block != fn_->links[i].block) {
    numbers_[i] = leader;
  } else {
    if (r.type != Type::None)
      ws_->replaced[i] = leader;
    fn_->remove(i);
  }
}

/// A parameter that brings the same value on every edge is that value. Back edges count once they are numbered.
void Numbering::merge_parameters(Block b) {
  const auto preds = ws_->cfg.preds(b);
  for (u32 k = 0; k < fn_->blocks[b].params.size(); ++k) {
    const Value param = fn_->blocks[b].params[k];
    Value only = no_inst;
    bool is_same = true;
    for (Block p : preds) {
      const Value v = resolve(*ws_, Value{fn_->edge(fn_->terminator(p), 0).args[k]});
      if (v == param || v == only)
        continue;
      if (!is_none(only))
        is_same = false;
      only = v;
    }
    // A value that does not dominate (of a block not visited yet) cannot be the only one: it would be a loop's own.
    if (is_same && !is_none(only) && ws_->dominators.dominates(fn_->links[only].block, b) &&
        scope_[fn_->links[only].block] == scope_[b])
      ws_->replaced[param] = only;
  }
}

void Numbering::block(Block b) {
  const auto preds = ws_->cfg.preds(b);
  const bool continues = preds.size() == 1 && !fn_->blocks[b].is_pad;
  if (continues)
    state_ = state_at_end_[preds[0]];
  else
    forget();
  merge_parameters(b);
  for (Inst i = fn_->blocks[b].first, next; !is_none(i); i = next) {
    next = fn_->links[i].next;
    visit(i);
  }
  state_at_end_[b] = state_;
}

void Numbering::run(Function &fn, Workspace &ws) {
  fn_ = &fn;
  ws_ = &ws;
  count_ = states_ = 0;
  state_ = {};
  if (++epoch_ == 0) {
    std::fill(table_.begin(), table_.end(), Entry{});
    epoch_ = 1;
  }
  numbers_.clear();
  scope_.clear();
  scope_.resize(fn.blocks.size(), fn.entry);
  state_at_end_.clear();
  state_at_end_.resize(fn.blocks.size());
  find_calling_loops();
  for (Block b : ws.dominators.tree_order())
    scope_[b] = b == fn.entry || fn.blocks[b].is_pad ? b : scope_[ws.dominators.idom(b)];
  for (Block b : ws.dominators.tree_order())
    block(b);
}

/// Parameters that were replaced leave their blocks, and the jumps there.
void drop_replaced_parameters(Function &fn, Workspace &ws) {
  std::vector<Value> args;
  for (Block b : ws.cfg.reverse_postorder()) {
    auto &params = fn.blocks[b].params;
    const auto is_gone = [&](Value v) { return !is_none(std::as_const(ws.replaced)[v]); };
    if (b == fn.entry || std::none_of(params.begin(), params.end(), is_gone))
      continue;
    for (Block p : ws.cfg.preds(b)) {
      const Inst jump = fn.terminator(p);
      args.clear();
      const auto old = fn.edge(jump, 0).args;
      for (u32 k = 0; k < params.size(); ++k)
        if (!is_gone(params[k]))
          args.push_back(Value{old[k]});
      const u32 edge = fn.make_edge(b, args);
      fn.insts[jump].b = edge;
    }
    std::erase_if(params, is_gone);
    for (u32 k = 0; k < params.size(); ++k)
      fn.insts[params[k]].c = k;
  }
}

} // namespace

void number_values(Function &fn, Workspace &ws) {
  static thread_local Numbering numbering;
  ws.dominators.compute(fn, ws.cfg);
  ws.loops.compute(fn, ws.cfg, ws.dominators);
  numbering.run(fn, ws);
  drop_replaced_parameters(fn, ws);
  rewrite(fn, ws);
}

} // namespace trapeze::opt
