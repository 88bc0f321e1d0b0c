// The data the allocator's passes share. Kept from function to function, so that its storage is reused.
#pragma once

#include "codegen/liveness.hh"
#include "codegen/regalloc/moves.hh"

#include <array>

namespace trapeze::codegen {

/// Values that share one place wherever they are: a parameter and the arguments that never meet it, or one value.
struct Bundle {
  base::PoolRange ranges; ///< into Workspace::ranges; ascending, apart, each with its value
  base::PoolRange uses;   ///< into Workspace::uses; ascending
  VKind kind = VKind::I64;
  u32 remat = ~0u;       ///< the instruction to repeat, of a bundle of one is_remat value
  u32 first_piece = ~0u; ///< list through Piece::next, ascending
  u32 slot = ~0u;        ///< into Allocation::spill_slots
};

/// A stretch of a bundle with one place: its ranges cut to [start, end).
struct Piece {
  Pos start, end;
  u32 bundle;
  u32 first_range, end_range;
  u32 first_use, end_use;
  u32 next = ~0u;     ///< piece of the same bundle behind this one
  PReg reg = no_preg; ///< no_preg: in the slot (or, with remat, nowhere)
};

/// A piece as `resolve` looks it up by position.
struct Span {
  Pos start;
  PReg reg;
};

/// A piece waiting to be placed.
struct Waiting {
  Pos start;
  u32 piece;
};

/// A value as the one-pass mode sees it (one_pass.hh).
struct PassRow {
  u32 uses = 0;                                           ///< still to come in layout order
  u32 def = ~0u, def_block = 0, last = 0, last_block = 0; ///< a parameter is defined at its block's first instruction
  u32 def_operand = ~0u;
  u32 remat = ~0u;
  u32 slot = ~0u;
  PReg reg = no_preg;
  PReg hint = no_preg;
  bool is_stored = false; ///< in its slot from its definition on
  bool is_param = false;
  bool is_used = false;
  bool is_used_before = false; ///< a use stands before the definition
};

struct Workspace {
  Liveness live;

  // bundles
  base::IdVec<VReg, u32> bundle_of; ///< ~0: never live
  base::IdVec<VReg, u32> source_of; ///< VReg a definition copies (move, reuse), ~0: none
  base::IdVec<VReg, u32> remat_of;  ///< instruction, ~0: none
  base::IdVec<VReg, u8> stored;     ///< in its slot from its definition on
  std::vector<Bundle> bundles;
  std::vector<LiveRange> ranges, merged;
  std::vector<LiveUse> uses;
  std::vector<double> weight_before;         ///< per use, and one more: sum of weights of the uses before it
  std::vector<u32> member_next, member_last; ///< values of a bundle in the making, by vreg
  struct EdgeArg {
    u32 depth;
    VReg param, arg;
  };
  std::vector<EdgeArg> edge_args;

  // solve
  std::vector<Piece> pieces;
  std::vector<RegSet> occupied;              ///< per position
  std::array<std::vector<u32>, 64> assigned; ///< per register: pieces that may still cover the scan's position
  std::vector<Waiting> sorted, heap;
  std::vector<u32> loop_start; ///< per block: first block of the contiguous run that is at least as deep

  // slots and resolve
  std::vector<Pos> calls;
  std::vector<u32> spill_order;
  struct OpenSlot {
    Pos end;
    u32 slot;
  };
  std::array<std::vector<OpenSlot>, 6> open_slots; ///< heaps by end, per kind of value
  std::vector<std::pair<u32, u32>> roots;          ///< call instruction, slot
  std::vector<Span> spans;
  std::vector<base::PoolRange> spans_of; ///< per bundle
  std::vector<Move> moves;
  MoveResolver resolver;

  // one pass; `moves`, `resolver`, `open_slots` and `roots` serve it too
  base::IdVec<VReg, PassRow> rows;
  struct HeldState {
    u64 full; ///< registers that hold something
    std::array<VReg, 64> holds;
  };
  std::vector<HeldState> states;               ///< at ends of blocks, for successors that come later
  std::vector<u32> state_at;                   ///< per block, into states; ~0: none
  std::vector<u32> slot_operands;              ///< operands whose place is a slot
  std::vector<u64> stored_order;               ///< definition << 32 | vreg
  std::vector<std::pair<u32, u32>> back_edges; ///< target, source: blocks; ascending
  std::vector<std::vector<u32>> furthest;      ///< [k][i]: the last source of back edges [i, i + 2^k)
  std::vector<u32> region_last;                ///< per region: the last block with a call in it

  // redundant
  std::vector<u32> numbers;       ///< per register and slot: what it holds
  std::vector<u32> remat_numbers; ///< per instruction
};

} // namespace trapeze::codegen
