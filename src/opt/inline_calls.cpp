// Calls of small functions become their bodies.
//
// A candidate is a function of this module, already optimised by itself, that nobody changes any more: so the result
// does not depend on the order in which functions are compiled. Its blocks are copied behind the caller's:
//
//   before:  ... v = call g(x) in region r ...            g: entry(p) ... return a
//   after:   ... jump entry'           entry': p = x ... jump behind(a)          behind(v): ...
//
//   - A call of g without a region of its own gets r, and g's outermost regions get r as their parent: what
//     the body does not catch arrives where it would have arrived. A block that entered a region enters it behind the
//     body.
//   - A tail call of g becomes a call in r, and a jump behind: g's frame would have been gone, so none of its handlers
//     counts. (A tail call itself is never expanded: it could loop for ever, and each round would cost a frame.)
//   - Home slots of g are further slots of the caller.
//   - An instruction of the body has a position that names g, its offset there, and the position of the call, so that
//     backtraces show g (Function::inlined).
//
// Who is expanded: bodies of at most `tiny` instructions always (the call itself costs as much); `small` ones, and in
// loops all candidates, while the caller has not grown by more than it may. Nothing in pads and cold blocks, nothing
// that is being expanded already, nothing deeper than `depth_limit`. Calls that a body brings along are looked at too.
// The calls of a block are taken from the last to the first, so that each instruction moves to a new block once.
#include "ir/effects.hh"
#include "opt/passes.hh"
#include "opt/pipeline.hh"

#include <algorithm>

namespace trapeze::opt {

using namespace ir;

namespace {

constexpr u32 tiny = 8, small = 16, depth_limit = 3, growth_floor = 80, caller_limit = 20'000;

class Inliner {
public:
  Inliner(Function &fn, Workspace &ws, const Callees &callees) : fn_(fn), ws_(ws), callees_(callees) {}
  bool run();

private:
  void block(Block b);
  const Function *callee(Inst call);
  bool is_expanding(u32 position, u32 func) const;
  void expand(Inst call, const Function &g);
  Block split(Inst call);
  void copy_blocks(const Function &g, bool is_in_loop);
  void copy_regions(const Function &g, Region around);
  void copy_instructions(const Function &g, Block behind);
  void copy(const Function &g, Inst i, Block to);
  void finish_tail_call(const Function &g, Inst i, Block to, Block behind);
  Sig signature(const Signature &s);
  u32 position(u32 offset);
  void map(Inst inst) {
    for_each_operand(fn_, inst, [&](u32 &v) { v = base::index_of(values_[v]); });
  }

  Function &fn_;
  Workspace &ws_;
  const Callees &callees_;
  u32 growth_ = 0, growth_limit_ = 0;
  bool changed_ = false;
  struct Facts {
    Region entered = no_region; ///< as Cfg's, kept up to date
    bool is_in_loop = false;
  };
  base::IdVec<Block, Facts> facts_;
  std::vector<Block> work_;
  std::vector<Inst> calls_;
  // of the expansion at hand, by the callee's ids
  std::vector<Inst> values_;
  std::vector<Block> blocks_;
  std::vector<std::pair<u32, u32>> positions_; ///< offset in the callee, position here
  u32 callee_func_ = 0, call_position_ = 0, first_slot_ = 0, first_region_ = 0;
  Region around_ = no_region;
  std::vector<Value> scratch_;
};

bool Inliner::run() {
  const auto blocks = ws_.cfg.reverse_postorder();
  for (Block b : blocks) {
    work_.push_back(b);
    for (Inst i = fn_.blocks[b].first; !is_none(i); i = fn_.links[i].next)
      ++growth_limit_;
  }
  if (growth_limit_ > caller_limit)
    return false;
  growth_limit_ = growth_limit_ / 4 + growth_floor;
  ws_.dominators.compute(fn_, ws_.cfg);
  ws_.loops.compute(fn_, ws_.cfg, ws_.dominators);
  facts_.resize(fn_.blocks.size());
  for (Block b : blocks)
    facts_[b] = {ws_.cfg.entered_region(b), !is_none(ws_.loops.innermost(b))};
  std::reverse(work_.begin(), work_.end());
  while (!work_.empty()) {
    const Block b = work_.back();
    work_.pop_back();
    block(b);
  }
  return changed_;
}

void Inliner::block(Block b) {
  if (fn_.blocks[b].is_pad || fn_.blocks[b].is_cold)
    return;
  calls_.clear();
  for (Inst i = fn_.blocks[b].first; !is_none(i); i = fn_.links[i].next)
    if (fn_.insts[i].op == Op::Call)
      calls_.push_back(i);
  for (u32 k = static_cast<u32>(calls_.size()); k-- > 0;)
    if (const Function *g = callee(calls_[k]))
      expand(calls_[k], *g);
}

/// The body to put here, if any; its cost is taken from the budget.
const Function *Inliner::callee(Inst call) {
  const u32 func = fn_.call(call).callee;
  const Callees::Row row = callees_.find(func);
  if (row.body == nullptr || func == fn_.func || is_expanding(fn_.offsets[call], func))
    return nullptr;
  if (row.size > tiny) {
    const bool is_wanted = row.size <= small || facts_[fn_.links[call].block].is_in_loop;
    if (!is_wanted || growth_ + row.size > growth_limit_)
      return nullptr;
    growth_ += row.size;
  }
  return row.body;
}

/// Whether the position lies in an expansion of `func`, or too deep.
bool Inliner::is_expanding(u32 position, u32 func) const {
  u32 depth = 0;
  for (; abi::is_inlined(position); position = fn_.inlined[abi::inlined_row(position)].caller)
    if (fn_.inlined[abi::inlined_row(position)].func == func || ++depth == depth_limit)
      return true;
  return false;
}

/// The position of an instruction of the callee at `offset` there.
u32 Inliner::position(u32 offset) {
  if (offset == abi::no_position)
    return offset;
  for (const auto &[from, to] : positions_)
    if (from == offset)
      return to;
  const u32 to = abi::inlined_position(static_cast<u32>(fn_.inlined.size()));
  fn_.inlined.push_back({callee_func_, offset, call_position_});
  positions_.push_back({offset, to});
  return to;
}

Sig Inliner::signature(const Signature &s) {
  for (Sig sig : base::ids(fn_.sigs))
    if (fn_.sigs[sig] == s)
      return sig;
  return fn_.sigs.push(s);
}

/// What stands behind the call moves to a new block, whose parameters are the call's results. The call is gone.
Block Inliner::split(Inst call) {
  const Block b = fn_.links[call].block, behind = fn_.blocks.push({});
  fn_.blocks[behind].is_cold = fn_.blocks[b].is_cold;
  const Facts facts = facts_[b];
  facts_[b].entered = no_region;
  facts_.push(facts);
  if (const Region r = facts.entered; !is_none(r))
    fn_.regions[r].entry = behind;
  const auto results = fn_.sigs[fn_.call(call).sig].results;
  for (u32 k = 0; k < results.size(); ++k) {
    const Inst old = k == 0 ? call : fn_.links[call].next;
    ws_.replaced[old] = fn_.add_param(behind, results[k]);
    if (k != 0)
      fn_.remove(old);
  }
  const Inst first = fn_.links[call].next, last = fn_.blocks[b].last;
  fn_.blocks[b].last = call;
  fn_.links[call].next = no_inst;
  fn_.blocks[behind].first = first;
  fn_.blocks[behind].last = last;
  fn_.links[first].prev = no_inst;
  for (Inst i = first; !is_none(i); i = fn_.links[i].next)
    fn_.links[i].block = behind;
  fn_.remove(call);
  return behind;
}

void Inliner::copy_blocks(const Function &g, bool is_in_loop) {
  blocks_.assign(g.blocks.size(), no_block);
  values_.assign(g.insts.size(), no_inst);
  for (Block b : g.layout) {
    const Block to = fn_.blocks.push({});
    facts_.push({no_region, is_in_loop || g.blocks[b].loop_depth != 0});
    blocks_[base::index_of(b)] = to;
    fn_.blocks[to].is_pad = g.blocks[b].is_pad;
    fn_.blocks[to].is_cold = g.blocks[b].is_cold;
    if (b != g.entry)
      for (Value v : g.blocks[b].params)
        values_[base::index_of(v)] = fn_.add_param(to, g.type(v));
  }
}

/// Clauses whose region nothing reaches any more have no pad.
void Inliner::copy_regions(const Function &g, Region around) {
  first_region_ = fn_.regions.size();
  for (const RegionRow &row : g.regions) {
    RegionRow to;
    to.parent = is_none(row.parent) ? around : Region{first_region_ + base::index_of(row.parent)};
    to.entry = is_none(row.entry) ? no_block : blocks_[base::index_of(row.entry)];
    if (row.clauses.count != 0 && !is_none(to.entry)) {
      to.clauses = {static_cast<u32>(fn_.clauses.size()), row.clauses.count};
      for (u32 k = 0; k < row.clauses.count; ++k) {
        ClauseRow clause = g.clauses[row.clauses.first + k];
        clause.pad = blocks_[base::index_of(clause.pad)];
        fn_.clauses.push_back(clause);
      }
      facts_[to.entry].entered = fn_.regions.next_id();
    }
    fn_.regions.push(to);
  }
}

/// The row, with pool and side tables of its own but the callee's values: `map` comes when all are known.
void Inliner::copy(const Function &g, Inst i, Block to) {
  InstRow r = g.insts[i];
  const auto list = [&](std::span<const u32> values) {
    scratch_.clear();
    for (u32 v : values)
      scratch_.push_back(Value{v});
    return std::span<const Value>(scratch_);
  };
  switch (row(r.op).format) {
  case Format::Call: {
    CallRow call = g.call(i);
    call.sig = signature(g.sigs[call.sig]);
    call.region = is_none(call.region) ? around_ : Region{first_region_ + base::index_of(call.region)};
    if (r.op == Op::ReturnCall || r.op == Op::ReturnCallPtr) {
      const auto &results = fn_.sigs[call.sig].results;
      r.op = r.op == Op::ReturnCall ? Op::Call : Op::CallPtr;
      r.type = results.empty() ? Type::None : results[0];
      r.aux = 0;
    } else if (r.op == Op::CallBuiltin && !may_throw(g, i)) {
      call.region = no_region;
    }
    r.a = fn_.make_call(call, list(g.call_args(i)));
    break;
  }
  case Format::Jump:
  case Format::Branch:
  case Format::Switch: {
    const u32 first = static_cast<u32>(fn_.pool.size());
    for (u32 k = 0; k < g.edge_count(i); ++k) {
      const auto e = g.edge(i, k);
      fn_.make_edge(blocks_[base::index_of(e.target)], list(e.args));
    }
    r.b = first;
    break;
  }
  case Format::SlotLoad:
  case Format::SlotStore:
    r.c += first_slot_;
    break;
  default:
    break;
  }
  const Inst inst = fn_.make(r, position(g.offsets[i]));
  values_[base::index_of(i)] = inst;
  fn_.append(to, inst);
}

/// The results of what was a tail call go where the body's results go.
void Inliner::finish_tail_call(const Function &g, Inst i, Block to, Block behind) {
  const Inst call = values_[base::index_of(i)];
  const auto results = g.sigs[g.call(i).sig].results;
  scratch_.clear();
  for (u32 k = 0; k < results.size(); ++k) {
    if (k == 0) {
      scratch_.push_back(call);
      continue;
    }
    const Inst proj = fn_.make({Op::Proj, results[k], 0, base::index_of(call), 0, k}, fn_.offsets[call]);
    fn_.append(to, proj);
    scratch_.push_back(proj);
  }
  const Inst jump = fn_.make({Op::Jump, Type::None, 0, 0, fn_.make_edge(behind, scratch_), 0}, fn_.offsets[call]);
  fn_.append(to, jump);
}

void Inliner::copy_instructions(const Function &g, Block behind) {
  for (Block b : g.layout)
    for (Inst i = g.blocks[b].first; !is_none(i); i = g.links[i].next)
      if (g.insts[i].op != Op::Return)
        copy(g, i, blocks_[base::index_of(b)]);
  for (Block b : g.layout) {
    const Block to = blocks_[base::index_of(b)];
    for (Inst i = fn_.blocks[to].first; !is_none(i); i = fn_.links[i].next)
      map(i);
    const Inst end = g.terminator(b);
    const Op op = g.insts[end].op;
    if (op == Op::ReturnCall || op == Op::ReturnCallPtr)
      finish_tail_call(g, end, to, behind);
    if (op != Op::Return)
      continue;
    scratch_.clear();
    for (u32 v : g.return_values(end))
      scratch_.push_back(values_[v]);
    const Inst jump =
        fn_.make({Op::Jump, Type::None, 0, 0, fn_.make_edge(behind, scratch_), 0}, position(g.offsets[end]));
    fn_.append(to, jump);
  }
}

void Inliner::expand(Inst inst, const Function &g) {
  const CallRow call = fn_.call(inst);
  const Block b = fn_.links[inst].block;
  scratch_.clear();
  for (u32 v : fn_.call_args(inst))
    scratch_.push_back(Value{v});
  const std::vector<Value> args = scratch_;
  callee_func_ = g.func;
  call_position_ = fn_.offsets[inst];
  positions_.clear();
  around_ = call.region;
  first_slot_ = fn_.slots.size();
  const Block behind = split(inst);
  const u32 first = fn_.blocks.size();
  copy_blocks(g, facts_[b].is_in_loop);
  for (u32 k = 0; k < args.size(); ++k)
    values_[base::index_of(g.blocks[g.entry].params[k])] = args[k];
  for (const SlotRow &slot : g.slots)
    fn_.slots.push(slot);
  copy_regions(g, around_);
  copy_instructions(g, behind);
  const Block start = blocks_[base::index_of(g.entry)];
  fn_.append(b, fn_.make({Op::Jump, Type::None, 0, 0, fn_.make_edge(start), 0}, call_position_));
  for (u32 k = fn_.blocks.size(); k-- > first;)
    work_.push_back(Block{k});
  changed_ = true;
}

} // namespace

bool is_inlinable(const Function &fn, u32 &size) {
  size = 0;
  for (Block b : fn.layout)
    for (Inst i = fn.blocks[b].first; !is_none(i); i = fn.links[i].next) {
      const Op op = fn.insts[i].op;
      if (op == Op::ConstHigh || ((op == Op::Call || op == Op::ReturnCall) && fn.call(i).callee == fn.func))
        return false;
      size += op != Op::Const && op != Op::Instance;
    }
  return size <= Callees::largest;
}

bool inline_calls(Function &fn, Workspace &ws, const Callees &callees) {
  if (!Inliner(fn, ws, callees).run())
    return false;
  ws.cfg.compute(fn);
  rewrite(fn, ws);
  return true;
}

} // namespace trapeze::opt
