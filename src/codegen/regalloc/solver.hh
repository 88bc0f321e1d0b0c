// Linear scan over pieces: state and steps of `solve`.
//
// Pieces are taken by ascending start. A piece gets a register that is free over all its ranges, a hinted one if it
// can. If there is none, in this order: it takes the register of a piece that is worth less (which lives in its slot
// until its next use behind); it takes a register for as long as one is free and is cut there; it lives in its slot up
// to the first use that needs a register. What is cut off waits in the queue: it starts later than the scan stands, so
// the scan never goes back.
//
// Cuts are moved out of loops: a piece that leaves its register leaves it before the loop in which it has had no use,
// and comes back before the loop in which its next use stands.
//
// `occupied` has a register set for each position: fixed operands and clobbers, and the ranges of the pieces placed.
// One pass over the ranges of a piece tells for all registers whether and up to where they are free. In a position
// where a reference must be in its slot (calls) the bit of the integer scratch register is set, which no piece ever
// has.
#pragma once

#include "codegen/regalloc/passes.hh"

namespace trapeze::codegen {

class Solver {
public:
  Solver(const MFunction &m, const RegisterFile &file, AllocationMode mode, Workspace &ws, Allocation &out);
  /// False: more work than is reasonable for the function's size; the allocation is unfinished.
  bool run();

private:
  struct Eviction {
    u32 piece = ~0u;
    PReg reg = no_preg;
    double density = 0;
  };
  static constexpr u32 none = ~0u;

  // preparation
  void block_fixed();
  void find_loops();
  void make_pieces();

  // queue
  void push(u32 piece);
  u32 pop();

  // questions
  const Bundle &bundle(const Piece &p) const { return ws_.bundles[p.bundle]; }
  RegSet class_set(const Piece &p) const { return class_of(bundle(p).kind) == RegClass::Int ? ints_ : floats_; }
  bool is_ref(const Piece &p) const { return bundle(p).kind == VKind::Ref; }
  bool needs_register(const Piece &p, const LiveUse &use) const;
  u32 first_needing(const Piece &p) const;
  u32 first_reading(const Piece &p) const;
  Pos requirement_end(const Piece &p, u32 use) const;
  Pos reload_position(const LiveUse &use) const { return use.kind == UseKind::Def ? use.pos : floor_early(use.pos); }
  double density(const Piece &p, Pos from) const;
  u32 use_at_or_behind(const Piece &p, Pos pos) const;
  bool covers(const Piece &p, Pos pos) const;
  RegSet busy_over(const Piece &p);
  void conflicts(const Piece &p, std::array<Pos, 64> &until);
  u32 owner(PReg r, Pos pos);
  bool can_leave(const Piece &p, Pos pos) const;
  bool fits_without(const Piece &p, PReg r, const Piece &gone);
  bool any_occupied(Pos from, Pos to, RegSet asked);
  bool loses_in_own_loop(const Piece &p, Pos until) const;
  Pos cut_position(const Piece &p, Pos until) const;
  Pos outermost_loop_start(Pos pos, Pos lower, Pos above) const;
  u32 place_hint(u32 vreg, Pos pos) const;

  // steps
  void process(u32 piece);
  void trim_to_use(u32 piece);
  PReg choose(const Piece &p, RegSet free) const;
  void assign(u32 piece, PReg r);
  void unassign(const Piece &p, Pos from);
  bool evict_weaker(u32 piece);
  void evict_for_use(u32 piece, Pos end_of_use);
  void evict(u32 piece, Pos pos);
  bool take_while_free(u32 piece, const std::array<Pos, 64> &until, Pos enough, bool now);
  void assign_until(u32 piece, PReg r, Pos until);
  void requeue(u32 piece);
  void spill_front(u32 piece, Pos after);
  void live_in_slot(u32 piece);
  u32 split(u32 piece, Pos pos);

  const MFunction &m_;
  const RegisterFile &file_;
  const AllocationMode mode_;
  Workspace &ws_;
  Allocation &out_;
  RegSet ints_ = 0, floats_ = 0, barrier_ = 0;
  Pos scan_ = 0; ///< start of the piece at hand; never goes back
  u32 next_sorted_ = 0;
  u64 work_ = 0, work_limit_ = 0;
};

} // namespace trapeze::codegen
