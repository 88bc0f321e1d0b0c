#include "translate/variables.hh"

#include "base/assert.hh"
#include "ir/effects.hh"

#include <algorithm>

namespace trapeze::translate {

using ir::Inst;
using ir::is_none;
using ir::no_block;
using ir::no_inst;
using ir::Op;

void Variables::start(ir::Function &fn) {
  fn_ = &fn;
  locals_.clear();
  blocks_.clear();
  preds_.clear();
  regions_.clear();
  operands_.clear();
  pending_.clear();
  forwarded_.clear();
  any_forwarded_ = false;
  clock_ = 1;
  memo_count_ = 0;
  if (memos_.empty())
    memos_.resize(256);
  if (++epoch_ == 0) {
    std::fill(memos_.begin(), memos_.end(), Memo{});
    epoch_ = 1;
  }
}

void Variables::add_local(Type type) { locals_.push_back({.type = type, .log = {}}); }

// --- blocks ---

Block Variables::make_block() {
  blocks_.push({});
  return fn_->blocks.push({});
}

Block Variables::make_join(u32 start, Block dominator) {
  const Block b = make_block();
  blocks_[b].start = start;
  blocks_[b].dominator = dominator;
  return b;
}

Block Variables::make_pad(Region region) {
  const Block b = make_block();
  fn_->blocks[b].is_pad = fn_->blocks[b].is_cold = true;
  blocks_[b].region = region;
  blocks_[b].sealed = true;
  return b;
}

void Variables::add_pred(Block block, Block pred) {
  BlockInfo &info = blocks_[block];
  ASSERT_SLOW(!info.sealed);
  const u32 at = static_cast<u32>(preds_.size());
  preds_.push_back({pred, ~0u});
  (info.last_pred == ~0u ? info.first_pred : preds_[info.last_pred].next) = at;
  info.last_pred = at;
  ++info.pred_count;
}

void Variables::seal(Block block) {
  blocks_[block].sealed = true;
  for (u32 v = std::exchange(blocks_[block].incomplete, ~0u); v != ~0u;) {
    const Value phi{v};
    const u32 local = fn_->insts[phi].a;
    v = fn_->insts[phi].b;
    const BlockInfo &info = blocks_[block];
    if (locals_[local].assigned < info.start) {
      fn_->insts[phi].b = 1;
      forward(phi, find(local, info.dominator));
    } else
      want_operands(phi);
  }
  fill_pending();
}

// --- memos ---

static u64 memo_key(u32 local, Block block) { return u64{base::index_of(block)} << 32 | local; }

Value *Variables::memo(u32 local, Block block) {
  const u64 key = memo_key(local, block), mask = memos_.size() - 1;
  for (u64 at = (key * 0x9e3779b97f4a7c15 >> 32) & mask; memos_[at].epoch == epoch_; at = (at + 1) & mask)
    if (memos_[at].key == key)
      return &memos_[at].value;
  return nullptr;
}

void Variables::set_memo(u32 local, Block block, Value value) {
  const u64 key = memo_key(local, block), mask = memos_.size() - 1;
  u64 at = (key * 0x9e3779b97f4a7c15 >> 32) & mask;
  while (memos_[at].epoch == epoch_ && memos_[at].key != key)
    at = (at + 1) & mask;
  const bool is_new = memos_[at].epoch != epoch_;
  memos_[at] = {key, value, epoch_};
  if (is_new && ++memo_count_ * 2 > memos_.size())
    grow();
}

void Variables::grow() {
  const std::vector<Memo> old = std::move(memos_);
  memos_ = std::vector<Memo>(old.size() * 2);
  memo_count_ = 0;
  for (const Memo &m : old)
    if (m.epoch == epoch_)
      set_memo(static_cast<u32>(m.key), static_cast<Block>(m.key >> 32), m.value);
}

// --- look-up ---

void Variables::write(u32 local, Block block, Value value) {
  LocalRow &l = locals_[local];
  l.assigned = clock_;
  l.cached_block = block;
  l.cached = value;
  set_memo(local, block, value);
}

Value Variables::read(u32 local, Block block) {
  LocalRow &l = locals_[local];
  if (l.cached_block == block)
    return l.cached = resolve(l.cached);
  const Value found = find(local, block);
  fill_pending();
  LocalRow &row = locals_[local];
  row.cached_block = block;
  return row.cached = resolve(found);
}

Value Variables::find(u32 local, Block start) {
  path_.clear();
  Block b = start;
  Value v = no_inst;
  while (is_none(v)) {
    if (const Value *known = memo(local, b)) {
      v = *known;
      break;
    }
    const BlockInfo &info = blocks_[b];
    path_.push_back(b);
    if (!is_none(info.region)) {
      if (assigned_within(locals_[local], regions_[info.region]))
        v = from_slot(local, b);
      else
        b = fn_->regions[info.region].entry;
    } else if (!info.sealed) {
      v = phi(local, b);
    } else if (info.pred_count == 0) {
      ASSERT(b == fn_->entry);
      v = initial(local);
    } else if (locals_[local].assigned < info.start) {
      b = info.dominator;
    } else if (info.pred_count == 1) {
      b = preds_[info.first_pred].pred;
    } else {
      v = phi(local, b);
      want_operands(v);
    }
  }
  for (u32 i = 0; i < path_.size(); ++i)
    if (i < 2 || i % 16 == 0 || i + 1 == path_.size())
      set_memo(local, path_[i], v);
  return v;
}

/// A parameter without operands yet. Its row's a is the local, b chains incomplete ones.
Value Variables::phi(u32 local, Block block) {
  const Value v = fn_->add_param(block, locals_[local].type);
  fn_->insts[v].a = local;
  fn_->insts[v].b = std::exchange(blocks_[block].incomplete, base::index_of(v));
  if (blocks_[block].sealed)
    blocks_[block].incomplete = ~0u;
  return v;
}

/// Locals start as zero or null.
Value Variables::initial(u32 local) {
  const Inst v = fn_->make({Op::Const, locals_[local].type, 0, 0, 0, 0});
  fn_->insert_first(fn_->entry, v);
  return v;
}

Value Variables::from_slot(u32 local, Block pad) {
  const Inst v = fn_->make({Op::SlotLoad, locals_[local].type, 0, 0, 0, base::index_of(locals_[local].slot)});
  fn_->insert_first(pad, v);
  return v;
}

bool Variables::assigned_within(const LocalRow &local, const RegionInfo &region) const {
  const auto at = std::lower_bound(local.log.begin(), local.log.end(), region.start);
  return at != local.log.end() && *at <= region.end;
}

void Variables::want_operands(Value phi) { pending_.push_back(phi); }

/// Fills operands of all phis wanted, and of those made on the way; then forwards the trivial among them,
/// the last made first, for they are the operands of those before.
void Variables::fill_pending() {
  for (u32 i = 0; i < pending_.size(); ++i) {
    const Value phi = pending_[i];
    const Block block = fn_->links[phi].block;
    const u32 local = fn_->insts[phi].a, first = static_cast<u32>(operands_.size());
    operands_.resize(first + blocks_[block].pred_count, no_inst);
    fn_->insts[phi].a = first;
    fn_->insts[phi].b = 1; // has operands
    u32 k = first;
    for (u32 p = blocks_[block].first_pred; p != ~0u; p = preds_[p].next)
      operands_[k++] = find(local, preds_[p].pred);
  }
  while (!pending_.empty()) {
    forward_if_trivial(pending_.back());
    pending_.pop_back();
  }
}

bool Variables::forward_if_trivial(Value phi) {
  Value only = no_inst;
  const u32 first = fn_->insts[phi].a;
  for (u32 k = 0, n = operand_count(phi); k < n; ++k) {
    const Value v = resolve(operands_[first + k]);
    if (v == phi || v == only)
      continue;
    if (!is_none(only))
      return false;
    only = v;
  }
  if (is_none(only)) // only itself: the block is not reached
    return false;
  forward(phi, only);
  return true;
}

Value Variables::resolve(Value v) {
  Value to = v;
  const auto &table = forwarded_;
  while (!is_none(table[to]))
    to = table[to];
  while (v != to) {
    const Value next = table[v];
    forwarded_[v] = to;
    v = next;
  }
  return to;
}

void Variables::forward(Value from, Value to) {
  to = resolve(to);
  ASSERT(to != from);
  forwarded_[from] = to;
  any_forwarded_ = true;
}

// --- regions ---

void Variables::begin_region(Region region, u32 start) {
  const Region parent = fn_->regions[region].parent;
  regions_.push({start, ~0u, is_none(parent) ? region : regions_[parent].outermost});
  ASSERT(regions_.size() == fn_->regions.size());
}

void Variables::store_home(u32 local, Region region, Block block, Value value, u32 offset) {
  const auto store = [&](Value v) {
    return fn_->make({Op::SlotStore, Type::None, 0, base::index_of(v), 0, base::index_of(locals_[local].slot)}, offset);
  };
  if (is_none(locals_[local].slot))
    locals_[local].slot = fn_->slots.push({locals_[local].type});
  const Region outermost = regions_[region].outermost;
  if (locals_[local].home != outermost) {
    locals_[local].home = outermost;
    const Block entry = fn_->regions[outermost].entry;
    const Value before = find(local, entry);
    fill_pending();
    const Inst inst = store(resolve(before));
    fn_->insert_before(fn_->terminator(entry), inst);
  }
  LocalRow &l = locals_[local];
  if (l.log.empty() || l.log.back() != clock_)
    l.log.push_back(clock_);
  fn_->append(block, store(value));
}

} // namespace trapeze::translate
