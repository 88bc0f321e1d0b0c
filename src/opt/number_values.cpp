// Global value numbering with dominance scoping.
//
// Blocks are visited in the order of the dominator tree; a table maps {op, operands} to the first instruction
// that computed it. An entry counts where its block dominates the current one; an entry of a finished subtree
// is overwritten. Loads carry the state of what they read in their key (memory_state.hh), so that only loads between
// which nothing can have changed are equal; a store enters its value as what a load of the same place would give.
//
// Constants are not merged across blocks (they are cheap to make again and dear to keep), but count as equal.
// A word of the instance, or of what such a word points at, is loaded in front of the outermost loop that does not
// change it: it exists as long as the instance, so loading it early is always safe. Where the loop calls, it is loaded
// again and again: few registers survive a call, and a load is cheaper than what a spilled one costs. Operations that
// take several cycles leave loops too. Other invariants stay: producers hoisted them already, and what is left is
// mostly address arithmetic that selection folds. Nothing is taken over into
// a pad: what lives from the entry into a pad would lie in a frame slot during the whole region, while most of what a
// pad needs is cheap.
#include "ir/effects.hh"
#include "opt/memory_state.hh"
#include "opt/passes.hh"

#include <algorithm>
#include <array>
#include <span>

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
  bool may_load_early(const InstRow &load) const;
  void hoist(Inst inst, Alias reads);
  void enter_stored_value(const InstRow &store, Inst inst);
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
  MemoryState memory_;
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

/// Whether the word is there as long as the instance is.
bool Numbering::may_load_early(const InstRow &load) const {
  const Access access = Access::unpack(load.aux);
  if (!access.removable || access.can_trap || access.alias == Alias::Table || access.alias == Alias::Memory)
    return false;
  const InstRow &address = fn_->insts[load.arg(0)];
  return address.op == Op::Instance || (address.op == Op::Load && Access::unpack(address.aux).alias == Alias::Fixed &&
                                        fn_->insts[address.arg(0)].op == Op::Instance);
}

/// Takes more than a cycle or two, so that a register during the loop is worth it.
bool is_dear(const InstRow &r) {
  switch (r.op) {
  case Op::Mul:
  case Op::ConvertS:
  case Op::ConvertU:
  case Op::Demote:
  case Op::Promote:
  case Op::TruncSatS:
  case Op::TruncSatU:
  case Op::Fadd:
  case Op::Fsub:
  case Op::Fmul:
  case Op::Fdiv:
  case Op::Fmin:
  case Op::Fmax:
  case Op::Fsqrt:
    return true;
  default:
    return false;
  }
}

/// To the end of the block in front of the outermost loop around it that changes nothing it reads, within the same pad,
/// with the constants it takes. The table's entry holds: the new place dominates the old one, and everything there
/// was visited before.
void Numbering::hoist(Inst inst, Alias reads) {
  const Block here = fn_->links[inst].block;
  Block to = here;
  const auto is_ready = [&](Block front) {
    bool ready = scope_[front] == scope_[here];
    for_each_operand(*fn_, inst, [&](u32 &v) {
      ready = ready &&
              (fn_->insts[Value{v}].op == Op::Const || ws_->dominators.dominates(fn_->links[Value{v}].block, front));
    });
    return ready;
  };
  for (Loop l = ws_->loops.innermost(here); !is_none(l); l = ws_->loops.rows[l].parent) {
    const Block front = ws_->dominators.idom(ws_->loops.rows[l].header);
    if (memory_.calls(l) || memory_.changes(l, reads) || !is_ready(front))
      break;
    to = front;
  }
  if (to == here)
    return;
  const Inst end = fn_->terminator(to);
  // Copies first: rows move while one is made, and the operands with them.
  std::array<std::pair<u32, u32>, 3> copies;
  u32 count = 0;
  for_each_operand(*fn_, inst, [&](u32 &v) {
    if (fn_->insts[Value{v}].op == Op::Const && !ws_->dominators.dominates(fn_->links[Value{v}].block, to))
      copies[count++] = {v, v};
  });
  for (auto &[from, copy] : std::span(copies).first(count)) {
    const Inst made = fn_->make(InstRow(fn_->insts[Value{from}]), fn_->offsets[Value{from}]);
    fn_->insert_before(end, made);
    copy = base::index_of(made);
  }
  for_each_operand(*fn_, inst, [&](u32 &v) {
    for (auto [from, copy] : std::span(copies).first(count))
      if (v == from)
        v = copy;
  });
  fn_->remove(inst);
  fn_->insert_before(end, inst);
}

/// A load of what was stored whole is the stored value; a constant is cheaper made again.
void Numbering::enter_stored_value(const InstRow &store, Inst inst) {
  const Access access = Access::unpack(store.aux);
  const Value value = store.arg(1);
  const Type type = fn_->type(value);
  if (!MemoryState::is_tracked(access.alias) || size_of(type) != 1u << access.size_log2 ||
      fn_->insts[value].op == Op::Const)
    return;
  Key key{{Op::Load, type, store.aux, base::index_of(number(store.arg(0))), 0, store.c},
          memory_.of(access.alias),
          scope_[fn_->links[inst].block]};
  if (scope_[fn_->links[value].block] == key.scope)
    find_or_add(key, value);
}

void Numbering::visit(Inst i) {
  for_each_operand(*fn_, i, [&](u32 &operand) { operand = base::index_of(resolve(*ws_, Value{operand})); });
  const InstRow r = fn_->insts[i];
  memory_.apply(i);
  Key key{r, 0, r.op == Op::Const ? no_block : scope_[fn_->links[i].block]};
  const OpRow &op = row(r.op);
  const Alias reads = op.format == Format::Load ? Access::unpack(r.aux).alias : Alias::Fixed;
  if (op.format == Format::Load) {
    if (!MemoryState::is_tracked(reads))
      return;
    key.state = memory_.of(reads);
    key.row.a = base::index_of(number(r.arg(0)));
  } else if (op.format == Format::Store) {
    return enter_stored_value(r, i);
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
    if (r.op == Op::Load ? may_load_early(r) : is_dear(r))
      hoist(i, reads);
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
  memory_.enter(b);
  merge_parameters(b);
  for (Inst i = fn_->blocks[b].first, next; !is_none(i); i = next) {
    next = fn_->links[i].next;
    visit(i);
  }
  memory_.leave(b);
}

void Numbering::run(Function &fn, Workspace &ws) {
  fn_ = &fn;
  ws_ = &ws;
  count_ = 0;
  if (++epoch_ == 0) {
    std::fill(table_.begin(), table_.end(), Entry{});
    epoch_ = 1;
  }
  numbers_.clear();
  scope_.clear();
  scope_.resize(fn.blocks.size(), fn.entry);
  memory_.start(fn, ws);
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
