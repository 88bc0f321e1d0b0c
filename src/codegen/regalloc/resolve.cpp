// From places of pieces to operands and edits.
//
// Every operand gets the place of its value at its point. Moves are collected as parallel groups, one per instruction
// and boundary (moves.hh), from five sources: Fixed operands and Reuse copies; stores of values that live in a slot
// behind their definition; pieces that follow each other inside a block; pieces that differ between the ends of an
// edge; arguments of edges. A place that is a slot needs no move inside a value's life: the slot is always right.
#include "codegen/regalloc/passes.hh"

#include <algorithm>

namespace trapeze::codegen {
namespace {

constexpr u32 none = ~0u;

class Resolver {
public:
  Resolver(const MFunction &m, Workspace &ws, Allocation &out) : m_(m), ws_(ws), out_(out) {}

  void run(const RegisterFile &registers) {
    ws_.moves.clear();
    index_pieces();
    out_.operands.assign(m_.operands.size(), {});
    for (u32 b = 0; b < m_.blocks.size(); ++b) {
      const MBlockRow &block = m_.blocks[static_cast<MBlock>(b)];
      for (u32 i = block.first_inst; i < block.first_inst + block.inst_count; ++i)
        instruction(i, ws_.live.early(b, i));
      if (block.succs.size() == 1)
        arguments(b, block.succs[0]);
    }
    for (const Bundle &bundle : ws_.bundles)
      if (bundle.ranges.count > 0 && ws_.pieces[bundle.first_piece].next != none)
        splits(bundle);
    write(registers);
  }

private:
  void index_pieces();
  void instruction(u32 inst, Pos early);
  void use(u32 inst, const MInst &row, std::span<const Operand> operands, u32 k, Pos early);
  void def(u32 inst, std::span<const Operand> operands, const MInst &row, u32 k, Pos early);
  void arguments(u32 block, const MBlockRow::Edge &edge);
  void splits(const Bundle &bundle);
  u32 edges_into(const Bundle &bundle, const LiveRange &range, u32 block);
  void write(const RegisterFile &registers);

  PReg reg_at(u32 bundle, Pos pos) const {
    base::PoolRange of = ws_.spans_of[bundle];
    const Span *first = ws_.spans.data() + of.first;
    if (of.count == 1)
      return first->reg;
    const Span *it =
        std::upper_bound(first, first + of.count, pos, [](Pos at, const Span &span) { return at < span.start; });
    ASSERT_SLOW(it != first);
    return (it - 1)->reg;
  }
  /// Where the piece behind the one at `pos` starts.
  Pos next_span(u32 bundle, Pos pos) const {
    base::PoolRange of = ws_.spans_of[bundle];
    const Span *first = ws_.spans.data() + of.first, *end = first + of.count;
    const Span *it = std::upper_bound(first, end, pos, [](Pos at, const Span &span) { return at < span.start; });
    return it == end ? pos_max : it->start;
  }
  /// Register, slot, or None for a value that is made again.
  Place place_at(u32 bundle, Pos pos) const {
    PReg r = reg_at(bundle, pos);
    if (r != no_preg)
      return Place::reg(r);
    return ws_.bundles[bundle].remat != none ? Place{} : Place::slot(ws_.bundles[bundle].slot);
  }
  u32 bundle_of(VReg v) const { return ws_.bundle_of[v]; }
  bool stored(VReg v) const { return ws_.stored[v] != 0; }
  Place slot_of_vreg(VReg v) const { return Place::slot(ws_.bundles[bundle_of(v)].slot); }

  void move(u32 inst, Boundary boundary, u32 bundle, Place from, Place to) {
    if (from == to)
      return;
    const Bundle &b = ws_.bundles[bundle];
    ws_.moves.push_back({inst, boundary, b.kind, from, to, from.kind == Place::Kind::None ? b.remat : none});
  }

  const MFunction &m_;
  Workspace &ws_;
  Allocation &out_;
};

void Resolver::index_pieces() {
  ws_.spans.clear();
  ws_.spans_of.assign(ws_.bundles.size(), {});
  for (u32 b = 0; b < ws_.bundles.size(); ++b) {
    u32 first = static_cast<u32>(ws_.spans.size());
    for (u32 p = ws_.bundles[b].first_piece; p != none; p = ws_.pieces[p].next)
      ws_.spans.push_back({ws_.pieces[p].start, ws_.pieces[p].reg});
    ws_.spans_of[b] = {first, static_cast<u32>(ws_.spans.size()) - first};
  }
}

void Resolver::instruction(u32 inst, Pos early) {
  const MInst &row = m_.insts[inst];
  std::span<const Operand> operands = m_.operands_of(row);
  for (u32 k = 0; k < operands.size(); ++k)
    if (operands[k].role == Role::Use)
      use(inst, row, operands, k, early);
    else
      def(inst, operands, row, k, early);
}

void Resolver::use(u32 inst, const MInst &row, std::span<const Operand> operands, u32 k, Pos early) {
  const Operand &o = operands[k];
  u32 b = bundle_of(o.vreg);
  Place &place = out_.operands[row.first_operand + k];
  if (o.constraint == Constraint::Fixed) {
    place = Place::reg(o.fixed());
    move(inst, Boundary::Before, b, place_at(b, early - 1), place);
    return;
  }
  for (const Operand &d : operands) {
    if (d.constraint == Constraint::Reuse && d.fixed_or_reuse == k) {
      place = place_at(bundle_of(d.vreg), early);
      move(inst, Boundary::Before, b, place_at(b, early - 1), place);
      return;
    }
  }
  place = place_at(b, early);
  ASSERT(place.is_reg() || (o.constraint == Constraint::Any && place.is_slot()));
}

void Resolver::def(u32 inst, std::span<const Operand> operands, const MInst &row, u32 k, Pos early) {
  const Operand &o = operands[k];
  u32 b = bundle_of(o.vreg);
  Place &place = out_.operands[row.first_operand + k];
  if (o.constraint == Constraint::Fixed) {
    place = Place::reg(o.fixed());
    if (b == none)
      return;
    if (Place own = place_at(b, early + 2); own.is_reg())
      move(inst + 1, Boundary::After, b, place, own);
  } else {
    place = place_at(b, early + 1);
    ASSERT(place.is_reg() || ws_.bundles[b].remat != none);
  }
  if (stored(o.vreg))
    move(inst + 1, Boundary::After, b, place, slot_of_vreg(o.vreg));
}

void Resolver::arguments(u32 block, const MBlockRow::Edge &edge) {
  const MBlockRow &target = m_.blocks[edge.target];
  u32 terminator =
      m_.blocks[static_cast<MBlock>(block)].first_inst + m_.blocks[static_cast<MBlock>(block)].inst_count - 1;
  for (u32 k = 0; k < edge.args.count; ++k) {
    VReg arg = m_.edge_args[edge.args.first + k], param = target.params[k];
    u32 a = bundle_of(arg), p = bundle_of(param);
    if (p == none)
      continue;
    Place from = place_at(a, ws_.live.block_end(block) - 1);
    if (Place to = place_at(p, ws_.live.block_start[base::index_of(edge.target)]); to.is_reg())
      move(terminator, Boundary::Exit, a, from, to);
    if (stored(param) && !(stored(arg) && slot_of_vreg(arg) == slot_of_vreg(param)))
      move(terminator, Boundary::Exit, a, from, slot_of_vreg(param));
  }
}

void Resolver::splits(const Bundle &bundle) {
  u32 id = static_cast<u32>(&bundle - ws_.bundles.data());
  for (u32 p = bundle.first_piece; ws_.pieces[p].next != none; p = ws_.pieces[p].next) {
    const Piece &a = ws_.pieces[p], &b = ws_.pieces[a.next];
    if (b.reg == no_preg || a.end != b.start || ws_.ranges[b.first_range].start == b.start ||
        ws_.live.is_block_start(b.start))
      continue;
    ASSERT(is_early(b.start));
    move(ws_.live.inst_of(b.start), Boundary::Before, id, place_at(id, b.start - 1), Place::reg(b.reg));
  }
  for (u32 r = bundle.ranges.first; r < bundle.ranges.first + bundle.ranges.count; ++r) {
    const LiveRange &range = ws_.ranges[r];
    u32 block = ws_.live.block_of(range.start);
    if (range.start != ws_.live.block_start[block] || ws_.live.def_pos[range.vreg] == range.start)
      ++block;
    while (block < m_.blocks.size() && ws_.live.block_start[block] < range.end)
      block = edges_into(bundle, range, block);
  }
}

/// The value is live into the block: bring it to where the block expects it, on each edge. Returns the next block for
/// which there may be something to do: none before the end of a piece in a slot.
u32 Resolver::edges_into(const Bundle &bundle, const LiveRange &range, u32 block) {
  u32 id = static_cast<u32>(&bundle - ws_.bundles.data());
  Pos start = ws_.live.block_start[block];
  Place to = place_at(id, start);
  const MBlockRow &row = m_.blocks[static_cast<MBlock>(block)];
  if (!to.is_reg()) {
    ASSERT_SLOW(to.kind == Place::Kind::None || stored(range.vreg));
    Pos next = next_span(id, start);
    return next >= range.end ? m_.blocks.size() : std::max(block + 1, ws_.live.block_of(next));
  }
  ASSERT(!row.is_pad);
  for (MBlock pred : row.preds) {
    const MBlockRow &from = m_.blocks[pred];
    Place source = place_at(id, ws_.live.block_end(base::index_of(pred)) - 1);
    if (from.succs.size() == 1)
      move(from.first_inst + from.inst_count - 1, Boundary::Exit, id, source, to);
    else
      move(row.first_inst, Boundary::Entry, id, source, to);
  }
  return block + 1;
}

void Resolver::write(const RegisterFile &registers) {
  std::vector<Move> &moves = ws_.moves;
  std::stable_sort(moves.begin(), moves.end(), [](const Move &x, const Move &y) {
    return x.inst != y.inst ? x.inst < y.inst : x.boundary < y.boundary;
  });
  for (usize first = 0; first < moves.size();) {
    usize end = first + 1;
    while (end < moves.size() && moves[end].inst == moves[first].inst && moves[end].boundary == moves[first].boundary)
      ++end;
    ws_.resolver.resolve(std::span(moves).subspan(first, end - first), registers, out_.edits);
    first = end;
  }
  for (const Place &place : out_.operands)
    if (place.is_reg())
      out_.used |= bit(place.preg());
  for (const Edit &edit : out_.edits)
    if (edit.to.is_reg())
      out_.used |= bit(edit.to.preg());
}

} // namespace

void resolve(const MFunction &m, const RegisterFile &registers, Workspace &ws, Allocation &out) {
  Resolver(m, ws, out).run(registers);
}

void allocate(const MFunction &m, const RegisterFile &registers, Workspace &ws, Allocation &out, AllocationMode mode,
              base::Laps *laps) {
  out.clear();
  if (mode == AllocationMode::OnePass) {
    allocate_in_one_pass(m, registers, ws, out);
    return base::lap(laps, "allocate/one pass");
  }
  if (m.insts.size() > full_allocation_limit)
    mode = AllocationMode::Simple;
  ws.live.compute(m);
  base::lap(laps, "allocate/liveness");
  build_bundles(m, ws);
  base::lap(laps, "allocate/bundles");
  solve(m, registers, mode, ws, out);
  base::lap(laps, "allocate/solve");
  assign_slots(m, ws, out);
  base::lap(laps, "allocate/slots");
  resolve(m, registers, ws, out);
  base::lap(laps, "allocate/resolve");
  if (mode == AllocationMode::Full)
    drop_redundant_edits(m, registers, ws, out);
  base::lap(laps, "allocate/redundant");
}

} // namespace trapeze::codegen
