// The scan: which piece gets which register (solver.hh has the picture). Cuts and evictions are in split.cpp.
#include "codegen/regalloc/solver.hh"

#include <algorithm>

namespace trapeze::codegen {
namespace {

/// How often a use runs, by loop depth.
double frequency(u16 depth) {
  static constexpr double table[] = {1, 8, 64, 512, 4096, 32768, 262144};
  return depth == cold_depth ? 0.05 : table[std::min<u32>(depth, 6)];
}

/// What a register saves at a use, against the slot.
double benefit(UseKind kind) {
  switch (kind) {
  case UseKind::Reg:
  case UseKind::Def:
    return 1;
  case UseKind::Any:
  case UseKind::Gap:
  case UseKind::Edge:
  case UseKind::DefFixed:
    return 0.5;
  }
  return 1;
}

bool later(const Waiting &x, const Waiting &y) { return x.start != y.start ? x.start > y.start : x.piece > y.piece; }

} // namespace

Solver::Solver(const MFunction &m, const RegisterFile &file, AllocationMode mode, Workspace &ws, Allocation &out)
    : m_(m), file_(file), mode_(mode), ws_(ws), out_(out) {
  for (PReg r : file.int_order)
    ints_ |= bit(r);
  for (PReg r : file.float_order)
    floats_ |= bit(r);
  barrier_ = bit(file.int_scratch);
}

bool Solver::run() {
  block_fixed();
  find_loops();
  make_pieces();
  u64 size = ws_.occupied.size() + ws_.ranges.size();
  work_limit_ = size * 200 + 10'000'000;
  for (u32 piece = pop(); piece != none; piece = pop()) {
    process(piece);
    if (work_ > work_limit_ && mode_ == AllocationMode::Full)
      return false;
  }
  return true;
}

void Solver::block_fixed() {
  ws_.occupied.assign(ws_.live.block_start.back() + steps, 0);
  for (u32 b = 0; b < m_.blocks.size(); ++b) {
    const MBlockRow &block = m_.blocks[static_cast<MBlock>(b)];
    if (block.is_pad)
      std::fill_n(ws_.occupied.begin() + ws_.live.block_start[b], steps, ints_ | floats_ | barrier_);
    for (u32 i = block.first_inst; i < block.first_inst + block.inst_count; ++i) {
      const MInst &inst = m_.insts[i];
      Pos early = ws_.live.early(b, i);
      ws_.occupied[early + 1] |= m_.clobber_sets[inst.clobbers] | ((inst.flags & is_call) != 0 ? barrier_ : 0);
      for (const Operand &o : m_.operands_of(inst)) {
        if (o.constraint != Constraint::Fixed)
          continue;
        if (o.point == Point::Early)
          ws_.occupied[early] |= bit(o.fixed());
        if (o.role == Role::Def || o.point == Point::Late)
          ws_.occupied[early + 1] |= bit(o.fixed());
        if (o.role == Role::Use)
          ws_.occupied[early] |= bit(o.fixed());
        out_.used |= bit(o.fixed());
      }
    }
  }
}

void Solver::find_loops() {
  u32 n = m_.blocks.size();
  ws_.loop_start.resize(n);
  for (u32 b = 0; b < n; ++b) {
    u32 depth = m_.blocks[static_cast<MBlock>(b)].loop_depth;
    u32 start = b;
    // Runs of smaller or equal depth are nested like brackets: hop over whole runs.
    while (start > 0 && m_.blocks[static_cast<MBlock>(start - 1)].loop_depth >= depth)
      start = ws_.loop_start[start - 1];
    ws_.loop_start[b] = start;
  }
}

void Solver::make_pieces() {
  ws_.pieces.clear();
  ws_.heap.clear();
  ws_.sorted.clear();
  for (std::vector<u32> &list : ws_.assigned)
    list.clear();
  ws_.stored.clear();
  ws_.stored.resize(m_.vregs.size(), 0);
  ws_.weight_before.assign(1, 0);
  for (const LiveUse &use : ws_.uses)
    ws_.weight_before.push_back(ws_.weight_before.back() + frequency(use.depth) * benefit(use.kind));
  for (u32 i = 0; i < ws_.bundles.size(); ++i) {
    Bundle &b = ws_.bundles[i];
    if (b.ranges.count == 0)
      continue;
    u32 end_range = b.ranges.first + b.ranges.count;
    Pos start = ws_.ranges[b.ranges.first].start, end = ws_.ranges[end_range - 1].end;
    b.first_piece = static_cast<u32>(ws_.pieces.size());
    ws_.sorted.push_back({start, b.first_piece});
    ws_.pieces.push_back(
        {start, end, i, b.ranges.first, end_range, b.uses.first, b.uses.first + b.uses.count, none, no_preg});
  }
  std::sort(ws_.sorted.begin(), ws_.sorted.end(), [](const Waiting &x, const Waiting &y) { return later(y, x); });
}

void Solver::push(u32 piece) {
  ws_.heap.push_back({ws_.pieces[piece].start, piece});
  std::push_heap(ws_.heap.begin(), ws_.heap.end(), later);
}

u32 Solver::pop() {
  bool has_sorted = next_sorted_ < ws_.sorted.size();
  if (ws_.heap.empty())
    return has_sorted ? ws_.sorted[next_sorted_++].piece : none;
  if (has_sorted && later(ws_.heap.front(), ws_.sorted[next_sorted_]))
    return ws_.sorted[next_sorted_++].piece;
  std::pop_heap(ws_.heap.begin(), ws_.heap.end(), later);
  u32 piece = ws_.heap.back().piece;
  ws_.heap.pop_back();
  return piece;
}

bool Solver::needs_register(const Piece &p, const LiveUse &use) const {
  bool remat = bundle(p).remat != none;
  return use.kind == UseKind::Reg || (use.kind == UseKind::Def && !remat) || (use.kind == UseKind::Any && remat);
}

u32 Solver::first_needing(const Piece &p) const {
  for (u32 k = p.first_use; k < p.end_use; ++k)
    if (needs_register(p, ws_.uses[k]))
      return k;
  return none;
}

u32 Solver::first_reading(const Piece &p) const {
  for (u32 k = p.first_use; k < p.end_use; ++k)
    if (ws_.uses[k].kind != UseKind::Def && ws_.uses[k].kind != UseKind::DefFixed)
      return k;
  return none;
}

/// End of all that the instruction of a use needs the register for.
Pos Solver::requirement_end(const Piece &p, u32 use) const {
  Pos end = ws_.uses[use].end, slot_end = floor_early(ws_.uses[use].pos) + steps;
  for (u32 k = use; k < p.end_use && ws_.uses[k].pos < slot_end; ++k)
    if (needs_register(p, ws_.uses[k]))
      end = std::max(end, ws_.uses[k].end);
  return end;
}

double Solver::density(const Piece &p, Pos from) const {
  u32 k = from <= p.start ? p.first_use : use_at_or_behind(p, from);
  double weight = ws_.weight_before[p.end_use] - ws_.weight_before[k];
  if (bundle(p).remat != none)
    weight *= 0.8; // repeating costs what a reload costs, but needs no store and no slot
  return weight / (p.end - std::max(from, p.start));
}

u32 Solver::use_at_or_behind(const Piece &p, Pos pos) const {
  auto first = ws_.uses.begin() + p.first_use, last = ws_.uses.begin() + p.end_use;
  auto it = std::lower_bound(first, last, pos, [](const LiveUse &use, Pos at) { return use.pos < at; });
  return static_cast<u32>(it - ws_.uses.begin());
}

bool Solver::covers(const Piece &p, Pos pos) const {
  if (pos < p.start || pos >= p.end)
    return false;
  auto first = ws_.ranges.begin() + p.first_range, last = ws_.ranges.begin() + p.end_range;
  auto it = std::upper_bound(first, last, pos, [](Pos at, const LiveRange &r) { return at < r.end; });
  return it != last && it->start <= pos;
}

/// Registers taken somewhere in the piece's ranges; all of them if it is a reference that lives across a call.
RegSet Solver::busy_over(const Piece &p) {
  RegSet set = class_set(p), stop = is_ref(p) ? barrier_ : 0, busy = 0;
  for (u32 r = p.first_range; r < p.end_range; ++r) {
    Pos end = std::min(ws_.ranges[r].end, p.end);
    for (Pos pos = std::max(ws_.ranges[r].start, p.start); pos < end;) {
      Pos chunk = std::min(end, pos + 64);
      work_ += chunk - pos;
      for (; pos < chunk; ++pos)
        busy |= ws_.occupied[pos];
      if ((set & ~busy) == 0 || (busy & stop) != 0)
        return set;
    }
  }
  return busy;
}

/// Per register, the first position of the piece at which it is taken; pos_max if it is free.
void Solver::conflicts(const Piece &p, std::array<Pos, 64> &until) {
  RegSet left = class_set(p), stop = is_ref(p) ? barrier_ : 0;
  until.fill(pos_max);
  for (u32 r = p.first_range; r < p.end_range; ++r) {
    Pos end = std::min(ws_.ranges[r].end, p.end);
    for (Pos pos = std::max(ws_.ranges[r].start, p.start); pos < end; ++pos) {
      ++work_;
      RegSet taken = (ws_.occupied[pos] & stop) != 0 ? left : ws_.occupied[pos] & left;
      left &= ~taken;
      for (; taken != 0; taken &= taken - 1)
        until[static_cast<u32>(__builtin_ctzll(taken))] = pos;
      if (left == 0)
        return;
    }
  }
}

/// The piece that has the register at a position which the scan has reached.
u32 Solver::owner(PReg r, Pos pos) {
  std::vector<u32> &list = ws_.assigned[static_cast<u32>(r)];
  for (u32 i = 0; i < list.size();) {
    const Piece &p = ws_.pieces[list[i]];
    ++work_;
    if (p.end <= scan_ || p.reg != r) {
      list[i] = list.back();
      list.pop_back();
      continue;
    }
    if (covers(p, pos))
      return list[i];
    ++i;
  }
  return none;
}

void Solver::process(u32 piece) {
  scan_ = std::max(scan_, ws_.pieces[piece].start);
  if (mode_ == AllocationMode::Simple) {
    trim_to_use(piece);
    if (ws_.pieces[piece].reg == no_preg && first_needing(ws_.pieces[piece]) == none)
      return;
  }
  const Piece &p = ws_.pieces[piece];
  // A constant that is only handed on is made where it goes.
  if (bundle(p).remat != none && first_needing(p) == none)
    return live_in_slot(piece);
  if (RegSet free = class_set(p) & ~busy_over(p); free != 0)
    return assign(piece, choose(p, free));
  if (mode_ == AllocationMode::Full && evict_weaker(piece))
    return;
  std::array<Pos, 64> until;
  conflicts(ws_.pieces[piece], until);
  u32 needing = first_needing(p);
  bool now = needing != none && reload_position(ws_.uses[needing]) <= p.start;
  u32 first = now ? needing : first_reading(p);
  if (first != none && take_while_free(piece, until, now ? requirement_end(p, first) : ws_.uses[first].end, now))
    return;
  if (now)
    return evict_for_use(piece, requirement_end(p, needing));
  spill_front(piece, p.start);
}

/// Simple mode: a piece is no longer than the instruction that needs it in a register.
void Solver::trim_to_use(u32 piece) {
  u32 needing = first_needing(ws_.pieces[piece]);
  if (needing == none)
    return live_in_slot(piece);
  Pos start = ws_.pieces[piece].start;
  if (Pos at = reload_position(ws_.uses[needing]); at > start) {
    u32 rest = split(piece, at);
    live_in_slot(piece);
    push(rest);
    return;
  }
  Pos end = requirement_end(ws_.pieces[piece], needing);
  if (end < ws_.pieces[piece].end)
    requeue(split(piece, end));
}

/// The register of the vreg at a position, if a piece near its first has one: a hint needs no more.
u32 Solver::place_hint(u32 vreg, Pos pos) const {
  u32 b = ws_.bundle_of[static_cast<VReg>(vreg)];
  if (b == none)
    return none;
  u32 piece = ws_.bundles[b].first_piece;
  for (u32 tries = 0; piece != none && tries < 16; ++tries, piece = ws_.pieces[piece].next)
    if (ws_.pieces[piece].start <= pos && pos < ws_.pieces[piece].end)
      return ws_.pieces[piece].reg == no_preg ? none : static_cast<u32>(ws_.pieces[piece].reg);
  return none;
}

PReg Solver::choose(const Piece &p, RegSet free) const {
  PReg best = no_preg;
  double best_score = 0;
  std::array<double, 64> score{};
  auto vote = [&](u32 r, double weight) {
    if ((free >> r & 1) == 0)
      return;
    score[r] += weight;
    if (score[r] > best_score) {
      best_score = score[r];
      best = static_cast<PReg>(r);
    }
  };
  VReg head = ws_.ranges[p.first_range].vreg;
  if (p.start == ws_.live.def_pos[head] && ws_.source_of[head] != none)
    if (u32 r = place_hint(ws_.source_of[head], p.start - 1); r != none)
      vote(r, 1);
  u32 last = std::min(p.end_use, p.first_use + 8);
  for (u32 k = p.first_use; k < last; ++k)
    if (ws_.uses[k].hint != no_preg)
      vote(static_cast<u32>(ws_.uses[k].hint), frequency(ws_.uses[k].depth));
  if (best != no_preg)
    return best;
  for (PReg r : class_of(bundle(p).kind) == RegClass::Int ? file_.int_order : file_.float_order)
    if ((free & bit(r)) != 0)
      return r;
  ASSERT(false);
  return no_preg;
}

void Solver::assign(u32 piece, PReg r) {
  Piece &p = ws_.pieces[piece];
  p.reg = r;
  out_.used |= bit(r);
  ws_.assigned[static_cast<u32>(r)].push_back(piece);
  for (u32 k = p.first_range; k < p.end_range; ++k) {
    Pos start = std::max(ws_.ranges[k].start, p.start), end = std::min(ws_.ranges[k].end, p.end);
    work_ += end - start;
    for (Pos pos = start; pos < end; ++pos)
      ws_.occupied[pos] |= bit(r);
  }
}

void solve(const MFunction &m, const RegisterFile &registers, AllocationMode mode, Workspace &ws, Allocation &out) {
  if (Solver(m, registers, mode, ws, out).run())
    return;
  out.used = 0;
  bool done = Solver(m, registers, AllocationMode::Simple, ws, out).run();
  ASSERT(done);
}

} // namespace trapeze::codegen
