// The accessors of a function's pool and lists.
#include "ir/function.hh"

#include "base/assert.hh"

namespace trapeze::ir {

void Function::clear() {
  func = 0;
  sig = {};
  entry = {};
  insts.clear();
  links.clear();
  offsets.clear();
  inlined.clear();
  blocks.clear();
  layout.clear();
  regions.clear();
  clauses.clear();
  slots.clear();
  sigs.clear();
  pool.clear();
}

void Function::append(Block block, Inst inst) {
  BlockRow &b = blocks[block];
  links[inst] = {b.last, no_inst, block};
  if (is_none(b.last))
    b.first = inst;
  else
    links[b.last].next = inst;
  b.last = inst;
}

void Function::insert_before(Inst where, Inst inst) {
  Link &at = links[where];
  links[inst] = {at.prev, where, at.block};
  if (is_none(at.prev))
    blocks[at.block].first = inst;
  else
    links[at.prev].next = inst;
  at.prev = inst;
}

void Function::insert_after(Inst where, Inst inst) {
  const Inst next = links[where].next;
  if (is_none(next))
    append(links[where].block, inst);
  else
    insert_before(next, inst);
}

void Function::insert_first(Block block, Inst inst) {
  if (is_none(blocks[block].first))
    append(block, inst);
  else
    insert_before(blocks[block].first, inst);
}

void Function::remove(Inst inst) {
  const Link link = links[inst];
  ASSERT_SLOW(!is_none(link.block));
  (is_none(link.prev) ? blocks[link.block].first : links[link.prev].next) = link.next;
  (is_none(link.next) ? blocks[link.block].last : links[link.next].prev) = link.prev;
  links[inst] = {};
}

Value Function::add_param(Block block, Type type) {
  BlockRow &b = blocks[block];
  const Value v = make({Op::Param, type, 0, 0, 0, static_cast<u32>(b.params.size())});
  links[v].block = block;
  b.params.push_back(v);
  return v;
}

u32 Function::make_edge(Block target, std::span<const Value> args) {
  const u32 at = static_cast<u32>(pool.size());
  pool.push_back(base::index_of(target));
  pool.push_back(static_cast<u32>(args.size()));
  for (Value v : args)
    pool.push_back(base::index_of(v));
  return at;
}

u32 Function::make_call(const CallRow &row, std::span<const Value> args) {
  const u32 at = static_cast<u32>(pool.size());
  pool.push_back(row.callee);
  pool.push_back(base::index_of(row.sig));
  pool.push_back(base::index_of(row.region));
  pool.push_back(static_cast<u32>(args.size()));
  for (Value v : args)
    pool.push_back(base::index_of(v));
  return at;
}

u32 Function::make_list(std::span<const Value> values) {
  const u32 at = static_cast<u32>(pool.size());
  pool.push_back(static_cast<u32>(values.size()));
  for (Value v : values)
    pool.push_back(base::index_of(v));
  return at;
}

CallRow Function::call(Inst inst) const {
  const u32 *p = pool.data() + insts[inst].a;
  return {p[0], static_cast<Sig>(p[1]), static_cast<Region>(p[2]), p[3]};
}

std::span<const u32> Function::call_args(Inst inst) const {
  const u32 at = insts[inst].a;
  return {pool.data() + at + CallRow::words, pool[at + 3]};
}

std::span<u32> Function::call_args(Inst inst) {
  const u32 at = insts[inst].a;
  return {pool.data() + at + CallRow::words, pool[at + 3]};
}

void Function::set_call_region(Inst inst, Region region) { pool[insts[inst].a + 2] = base::index_of(region); }

u32 Function::edge_count(Inst terminator) const {
  switch (row(insts[terminator].op).format) {
  case Format::Jump:
    return 1;
  case Format::Branch:
    return 2;
  case Format::Switch:
    return insts[terminator].c;
  default:
    return 0;
  }
}

Edge Function::edge(Inst terminator, u32 index) {
  const u32 at = insts[terminator].b + 2 * index;
  return {static_cast<Block>(pool[at]), {pool.data() + at + 2, pool[at + 1]}};
}

Function::ConstEdge Function::edge(Inst terminator, u32 index) const {
  const u32 at = insts[terminator].b + 2 * index;
  return {static_cast<Block>(pool[at]), {pool.data() + at + 2, pool[at + 1]}};
}

std::span<const u32> Function::return_values(Inst inst) const {
  const u32 at = insts[inst].b;
  return {pool.data() + at + 1, pool[at]};
}

} // namespace trapeze::ir
