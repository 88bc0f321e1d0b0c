// Cutting pieces, and putting them out of their registers (solver.hh has the picture).
//
// A piece that starts in a register out of another place is loaded by a move, and moves stand right before `early`: so
// its start is early. Leaving a register for the slot needs no move, so a piece may start in its slot anywhere. A cut
// never falls between the points of a use that needs a register.
#include "codegen/regalloc/solver.hh"

#include <algorithm>

namespace trapeze::codegen {

/// Cuts the piece at `pos`, strictly inside it; returns the part behind.
u32 Solver::split(u32 piece, Pos pos) {
  Piece &a = ws_.pieces[piece];
  ASSERT(a.start < pos && pos < a.end);
  Piece b = a;
  auto first = ws_.ranges.begin() + a.first_range, last = ws_.ranges.begin() + a.end_range;
  auto it = std::upper_bound(first, last, pos, [](Pos at, const LiveRange &r) { return at < r.end; });
  b.first_range = static_cast<u32>(it - ws_.ranges.begin());
  b.start = std::max(pos, it->start);
  a.end_range = it->start < pos ? b.first_range + 1 : b.first_range;
  a.end = std::min(pos, ws_.ranges[a.end_range - 1].end);
  b.first_use = use_at_or_behind(a, pos);
  a.end_use = b.first_use;
  u32 rest = static_cast<u32>(ws_.pieces.size());
  a.next = rest;
  b.reg = no_preg;
  ws_.pieces.push_back(b);
  return rest;
}

/// The values of the piece are stored where they are defined.
void Solver::live_in_slot(u32 piece) {
  Piece &p = ws_.pieces[piece];
  p.reg = no_preg;
  if (bundle(p).remat != none)
    return;
  for (u32 r = p.first_range; r < p.end_range; ++r)
    ws_.stored[ws_.ranges[r].vreg] = 1;
}

/// The piece lives in its slot up to the next use that needs a register; the rest waits. `after`: the rest may not
/// start before the scan's position.
void Solver::spill_front(u32 piece, Pos after) {
  u32 needing = first_needing(ws_.pieces[piece]);
  if (needing == none)
    return live_in_slot(piece);
  const LiveUse &use = ws_.uses[needing];
  Pos at = reload_position(use);
  if (Pos start = ws_.pieces[piece].start; at <= start) { // behind a hole another value begins
    ASSERT(at == start && start >= after);
    return push(piece);
  }
  ASSERT(at >= after);
  if (use.kind != UseKind::Def && mode_ == AllocationMode::Full)
    at = outermost_loop_start(at, after + 1, at);
  u32 rest = split(piece, at);
  live_in_slot(piece);
  push(rest);
}

/// What is cut off starts a life of its own where it may: in a register where a move may stand.
void Solver::requeue(u32 piece) {
  const Piece &p = ws_.pieces[piece];
  if (is_early(p.start) || p.start == ws_.ranges[p.first_range].start)
    push(piece);
  else
    spill_front(piece, p.start);
}

/// The start of the outermost loop around `pos` that starts at `lower` or behind; else `otherwise`.
Pos Solver::outermost_loop_start(Pos pos, Pos lower, Pos otherwise) const {
  Pos best = otherwise;
  for (u32 b = ws_.live.block_of(pos); m_.blocks[static_cast<MBlock>(b)].loop_depth > 0;) {
    u32 start = ws_.loop_start[b];
    if (ws_.live.block_start[start] < lower)
      break;
    best = ws_.live.block_start[start];
    if (start == 0)
      break;
    b = start - 1;
  }
  return best;
}

void Solver::unassign(const Piece &p, Pos from) {
  for (u32 k = p.first_range; k < p.end_range; ++k) {
    Pos start = std::max({ws_.ranges[k].start, p.start, from}), end = std::min(ws_.ranges[k].end, p.end);
    for (Pos pos = start; pos < end; ++pos)
      ws_.occupied[pos] &= ~bit(p.reg);
  }
}

/// Whether the piece can be without its register from `pos` on, until an instruction behind.
bool Solver::can_leave(const Piece &p, Pos pos) const {
  Pos slot = floor_early(pos);
  for (u32 k = use_at_or_behind(p, slot); k < p.end_use && ws_.uses[k].pos < slot + steps; ++k)
    if (needs_register(p, ws_.uses[k]) && (ws_.uses[k].pos >= pos || ws_.uses[k].end > pos))
      return false;
  return true;
}

/// The piece leaves its register at `pos`, or before the loop around it that has had no use of it.
void Solver::evict(u32 piece, Pos pos) {
  Piece &p = ws_.pieces[piece];
  u32 behind = use_at_or_behind(p, pos);
  Pos lower = behind > p.first_use ? std::max(ws_.uses[behind - 1].end, p.start) : p.start;
  Pos at = outermost_loop_start(pos, std::max(lower, p.start + 1), pos);
  unassign(p, at);
  if (at <= p.start) {
    p.reg = no_preg;
    return spill_front(piece, pos);
  }
  spill_front(split(piece, at), pos);
}

/// Whether the piece could have `r` everywhere if `gone` had it no more: where `gone` is, nobody else has it.
bool Solver::fits_without(const Piece &p, PReg r, const Piece &gone) {
  u32 g = gone.first_range;
  const RegSet stop = is_ref(p) ? barrier_ : 0;
  for (u32 k = p.first_range; k < p.end_range; ++k) {
    const Pos end = std::min(ws_.ranges[k].end, p.end);
    for (Pos pos = std::max(ws_.ranges[k].start, p.start); pos < end;) {
      while (g < gone.end_range && std::min(ws_.ranges[g].end, gone.end) <= pos)
        ++g;
      const bool any_left = g < gone.end_range, is_there = any_left && ws_.ranges[g].start <= pos;
      const Pos next = std::min(end, !any_left  ? end
                                     : is_there ? std::min(ws_.ranges[g].end, gone.end)
                                                : ws_.ranges[g].start);
      if (const RegSet asked = is_there ? stop : bit(r) | stop; asked != 0 && any_occupied(pos, next, asked))
        return false;
      pos = next;
    }
  }
  return true;
}

bool Solver::any_occupied(Pos from, Pos to, RegSet asked) {
  RegSet busy = 0;
  for (Pos pos = from; pos < to && (busy & asked) == 0;) {
    const Pos chunk = std::min(to, pos + 16);
    work_ += chunk - pos;
    for (; pos < chunk; ++pos)
      busy |= ws_.occupied[pos];
  }
  return (busy & asked) != 0;
}

/// Takes the register of a piece that is worth less, if it then has it to its end.
bool Solver::evict_weaker(u32 piece) {
  const Piece &p = ws_.pieces[piece];
  double own = density(p, p.start);
  std::array<Eviction, 4> best;
  u32 count = 0;
  for (RegSet set = class_set(p); set != 0; set &= set - 1) {
    PReg r = static_cast<PReg>(__builtin_ctzll(set));
    if ((ws_.occupied[p.start] & bit(r)) == 0)
      continue;
    u32 other = owner(r, p.start);
    if (other == none || !can_leave(ws_.pieces[other], p.start))
      continue;
    Eviction e{other, r, density(ws_.pieces[other], p.start)};
    if (e.density >= own)
      continue;
    for (u32 i = 0; i < count; ++i)
      if (e.density < best[i].density)
        std::swap(e, best[i]);
    if (count < best.size())
      best[count++] = e;
  }
  for (u32 i = 0; i < count; ++i) {
    if (!fits_without(p, best[i].reg, ws_.pieces[best[i].piece]))
      continue;
    evict(best[i].piece, p.start);
    assign(piece, best[i].reg);
    return true;
  }
  return false;
}

/// A use needs a register now: the piece that is worth least gives its own.
void Solver::evict_for_use(u32 piece, Pos end_of_use) {
  Pos start = ws_.pieces[piece].start;
  Eviction best;
  for (RegSet set = class_set(ws_.pieces[piece]); set != 0; set &= set - 1) {
    PReg r = static_cast<PReg>(__builtin_ctzll(set));
    u32 other = none;
    bool possible = true;
    for (Pos pos = start; pos < end_of_use && possible; ++pos) {
      if ((ws_.occupied[pos] & bit(r)) == 0)
        continue;
      u32 at = owner(r, pos);
      possible = at != none && (other == none || other == at) && can_leave(ws_.pieces[at], start) &&
                 covers(ws_.pieces[at], start);
      other = at;
    }
    if (!possible || other == none)
      continue;
    double density = this->density(ws_.pieces[other], start);
    if (best.piece == none || density < best.density)
      best = {other, r, density};
  }
  ASSERT(best.piece != none);
  evict(best.piece, start);
  std::array<Pos, 64> until;
  conflicts(ws_.pieces[piece], until);
  Pos end = until[static_cast<u32>(best.reg)];
  if (end == pos_max)
    assign(piece, best.reg);
  else
    assign_until(piece, best.reg, end);
}

/// A register that is free long enough to be worth it, for as long as it is. `now`: a use at the start needs one.
bool Solver::take_while_free(u32 piece, const std::array<Pos, 64> &until, Pos enough, bool now) {
  PReg best = no_preg;
  const Piece &p = ws_.pieces[piece];
  for (PReg r : class_of(bundle(p).kind) == RegClass::Int ? file_.int_order : file_.float_order)
    if (until[static_cast<u32>(r)] >= enough &&
        (best == no_preg || until[static_cast<u32>(r)] > until[static_cast<u32>(best)]))
      best = r;
  if (best == no_preg)
    return false;
  Pos end = until[static_cast<u32>(best)];
  ASSERT(end != pos_max);
  if (!now && (cut_position(p, end) < enough || loses_in_own_loop(p, end)))
    return false;
  // Of those that are free equally long, the hinted one.
  RegSet equal = 0;
  for (RegSet set = class_set(p); set != 0; set &= set - 1)
    if (until[static_cast<u32>(__builtin_ctzll(set))] == end)
      equal |= set & -set;
  assign_until(piece, choose(p, equal), end);
  return true;
}

/// A value that comes into a loop and loses its register in it would be loaded on every turn for the loop's head:
/// better where it is used.
bool Solver::loses_in_own_loop(const Piece &p, Pos until) const {
  return ws_.ranges[p.first_range].start < p.start && ws_.live.is_block_start(p.start) &&
         outermost_loop_start(until, p.start, pos_max) == p.start;
}

/// Where a piece that has its register up to `until` is cut: before the outermost loop around that does not hold the
/// piece's start, never between the points of a use, and where a move may stand if it can be.
Pos Solver::cut_position(const Piece &p, Pos until) const {
  if (!can_leave(p, until) && !is_early(until))
    until = floor_early(until);
  Pos lower = p.start + 1;
  for (u32 k = use_at_or_behind(p, until); k-- > p.first_use;) {
    if (ws_.uses[k].end <= until) {
      lower = std::max(lower, ws_.uses[k].end);
      break;
    }
  }
  Pos at = std::max(floor_early(until), lower);
  if (!is_early(at))
    at = until;
  return outermost_loop_start(until, floor_early(p.start) + steps, at);
}

void Solver::assign_until(u32 piece, PReg r, Pos until) {
  u32 rest = split(piece, cut_position(ws_.pieces[piece], until));
  assign(piece, r);
  requeue(rest);
}

} // namespace trapeze::codegen
