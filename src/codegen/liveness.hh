// Where each virtual register is live, as sorted ranges with holes.
//
// Problem: the allocator wants, per value, the exact stretches of code in which it must be somewhere. Sets per
// block cost blocks x values of memory whatever is in them.
// Idea: SSA values are few-block affairs. From each use walk predecessors back to the definition and mark the
// blocks passed. Blocks are laid out in a row, so the marks of one value, sorted, become ranges.
//
// Values that live across many blocks would make that quadratic. But a value live into block b and defined before
// block a is live throughout [a, b) if [a, b] is a closed stretch of the layout: control enters behind `a` only from
// inside and leaves before `b` only to the inside (an if with both arms, a loop, a sequence of such). `skip` leads from
// each b to the a of its smallest closed stretch; skips form a tree, climbed in logarithmic time with one further
// pointer per block (`jump`, as in skew-binary ancestor search).
//
// Positions. Every instruction has three, and so has the head of every block, which stands before its first
// instruction:
//   early  operands are read               late  results are written, clobbers happen
//   after  values that were defined in a fixed register stand at their own place from here on
// Moves stand at two boundaries: between late and after of an instruction ("after" moves: out of fixed results,
// stores of results to spill slots), and right before early ("before" moves: splits, fixed uses, copies for Reuse).
// Hence a Fixed use reads its value *before* early (its range ends there, and the fixed register is taken at
// early by the instruction itself), and a Fixed definition begins at after.
//
//   b0:            head  0 1 2
//     i0  def v0         3 4 5       v0 = [4, 9): written late in i0,
//     i1  use v0 fixed   6 7 8       read before i1 (hence up to 6) and ...
//     i2  use v0         9 10 11     ... early in i2: [4, 10)
//
// Pads: a value live into a pad is live across every call that may land there: the region's own and its
// descendants'. Those calls count as uses, up to their late point.
#pragma once

#include "codegen/machine.hh"

namespace trapeze::codegen {

using Pos = u32;
inline constexpr Pos pos_max = ~Pos{0};
inline constexpr u32 steps = 3;
constexpr Pos slot_of(Pos p) { return p / steps; }
constexpr Pos floor_early(Pos p) { return p / steps * steps; }
constexpr bool is_early(Pos p) { return p % steps == 0; }

struct LiveRange {
  Pos start, end; ///< [start, end)
  VReg vreg;
};

enum class UseKind : u8 {
  Reg,      ///< needs a register at [pos, end)
  Any,      ///< register or slot
  Gap,      ///< copied somewhere before the instruction: Fixed uses and sources of Reuse
  Edge,     ///< argument of an edge
  Def,      ///< written to a register at [pos, end)
  DefFixed, ///< copied from a fixed register
};

inline constexpr u16 cold_depth = 0xffff;

struct LiveUse {
  Pos pos, end;
  UseKind kind;
  PReg hint; ///< the fixed register it goes to or comes from; no_preg
  u16 depth; ///< of loops, or cold_depth
};

struct Liveness {
  std::vector<Pos> block_start; ///< per block, and the end of the last one
  std::vector<u32> block_at;    ///< by slot_of(position)
  std::vector<LiveRange> ranges;
  base::IdVec<VReg, base::PoolRange> ranges_of; ///< ascending, apart
  std::vector<LiveUse> uses;
  base::IdVec<VReg, base::PoolRange> uses_of; ///< in layout order
  base::IdVec<VReg, Pos> def_pos;             ///< pos_max: never defined

  /// With `only_refs`, other values count as never used.
  void compute(const MFunction &m, bool only_refs = false);

  Pos early(u32 block, u32 inst) const { return steps * (inst + block + 1); }
  Pos block_end(u32 block) const { return block_start[block + 1]; }
  u32 block_of(Pos p) const { return block_at[slot_of(p)]; }
  /// The instruction at a position that is not in a block's head.
  u32 inst_of(Pos p) const { return slot_of(p) - block_of(p) - 1; }
  bool is_block_start(Pos p) const { return p == block_start[block_of(p)]; }

private:
  struct RegionCalls { ///< last call of a region within one block
    u32 region, block;
    Pos end;
  };
  std::vector<RegionCalls> region_calls_;
  std::vector<u32> calls_first_;              ///< per region and one more: into region_calls_
  std::vector<u32> child_first_, child_list_; ///< regions by parent
  std::vector<u32> region_of_pad_;            ///< per block
  std::vector<u32> pred_first_, preds_;       ///< per block and one more: into preds_
  std::vector<u32> block_stamp_, region_stamp_;
  std::vector<Pos> live_end_;
  std::vector<u32> touched_, work_, region_work_;
  struct Reach { ///< layout indices over a block's neighbours
    u32 min_pred, max_pred, min_succ, max_succ;
  };
  struct Skip {
    u32 skip, jump, depth;
  };
  std::vector<Reach> reach_;
  std::vector<Skip> skips_;
  struct Stretch { ///< [start, end)
    Pos start, end;
  };
  std::vector<Stretch> stretches_; ///< of the value at hand

  void number(const MFunction &m);
  void collect_uses(const MFunction &m, bool only_refs);
  void index_regions(const MFunction &m);
  void find_closed(const MFunction &m);
  u32 closed_before(u32 block) const;
  u32 climb(u32 block, u32 limit) const;
  void walk(VReg v);
  void mark(u32 v, u32 block, u32 def_block, Pos end);
  void mark_region(u32 v, u32 region, u32 def_block);
  void write_ranges(VReg v, u32 def_block);
};

} // namespace trapeze::codegen
