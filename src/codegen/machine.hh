// Machine code before and after register allocation: fixed rows, operands as the allocator reads them.
//
// Lowering (target/<t>/lower) writes MInst rows over virtual registers, block by block in layout order;
// codegen/regalloc reads operands, clobbers and block structure only, and answers with an allocation per
// operand and a list of moves between instructions ("edits"); codegen/emit walks both and calls the target.
// The meaning of op, form, disp, imm belongs to the target (target/x64/insts.def).
//
// Each instruction has two program points: Early (operands are read; fixed uses) and Late (results are
// written; clobbers happen between them). A Use read Late stays apart from the results; a Def written
// Early stays apart from the uses. Virtual registers are SSA: one Def (or block parameter) each.
//
// What the allocator relies on, so lowering guarantees it:
//   - every block ends in its only terminator; the entry block has neither predecessors nor parameters
//     (incoming arguments are fixed Defs of its first instruction)
//   - no critical edges: an edge leaves a block with one successor or enters a block with one predecessor;
//     a terminator with one successor has no operands (moves of the edge stand before it)
//   - a pad is in `preds` form only: its predecessor (the region's entry) does not name it in `succs`; it has
//     no parameters
//   - nothing but registers and memory passes between instructions: edits (moves, repeated is_remat
//     instructions) may stand before any instruction, so flags are consumed by the instruction that sets them
//   - at most one operand of an instruction is Fixed to a given register at a given point
// What emission relies on: an is_remat instruction whose Def got Place::None is left out; an is_move whose
// two places are equal is left out; edits are register to register, register to slot, slot to register, or
// a remat into a register.
#pragma once

#include "abi/convention.hh"
#include "abi/traps.hh"
#include "base/id_vec.hh"
#include "base/types.hh"
#include "image/compiled_function.hh"

#include <span>
#include <vector>

namespace trapeze::codegen {

using abi::RegClass;
enum class VReg : u32 {};
enum class MBlock : u32 {};

/// A physical register: 0-31 of class Int, 32-63 of class Float, by hardware number.
enum class PReg : u8 {};
inline constexpr PReg no_preg{0xff};
constexpr PReg int_reg(u32 n) { return static_cast<PReg>(n); }
constexpr PReg float_reg(u32 n) { return static_cast<PReg>(n + 32); }
constexpr u32 hw(PReg r) { return static_cast<u32>(r) & 31; }
constexpr RegClass class_of(PReg r) { return static_cast<u32>(r) < 32 ? RegClass::Int : RegClass::Float; }

/// Bit set over all 64 physical registers.
using RegSet = u64;
constexpr RegSet bit(PReg r) { return RegSet{1} << static_cast<u32>(r); }

/// What a virtual register holds: its class, its spill width, and whether the collector must see it.
enum class VKind : u8 { I32, I64, F32, F64, V128, Ref };
constexpr RegClass class_of(VKind k) { return k >= VKind::F32 && k <= VKind::V128 ? RegClass::Float : RegClass::Int; }
constexpr u32 size_of(VKind k) { return k == VKind::V128 ? 16 : k == VKind::I64 || k == VKind::F64 ? 8 : 4; }

enum class Role : u8 { Use, Def };
enum class Point : u8 { Early, Late };
enum class Constraint : u8 {
  Reg,   ///< any register of the class
  Any,   ///< a register or the spill slot
  Fixed, ///< the register `fixed`
  Reuse, ///< a Def in the same register as use operand number `reuse` of this instruction
};

struct Operand {
  VReg vreg{};
  Role role = Role::Use;
  Point point = Point::Early; ///< Use: Early by default; Def: Late by default (set by the helpers below)
  Constraint constraint = Constraint::Reg;
  u8 fixed_or_reuse = 0;

  static constexpr Operand use(VReg v) { return {v, Role::Use, Point::Early, Constraint::Reg, 0}; }
  static constexpr Operand use_late(VReg v) { return {v, Role::Use, Point::Late, Constraint::Reg, 0}; }
  static constexpr Operand use_any(VReg v) { return {v, Role::Use, Point::Early, Constraint::Any, 0}; }
  static constexpr Operand use_fixed(VReg v, PReg r) {
    return {v, Role::Use, Point::Early, Constraint::Fixed, static_cast<u8>(r)};
  }
  static constexpr Operand def(VReg v) { return {v, Role::Def, Point::Late, Constraint::Reg, 0}; }
  static constexpr Operand def_early(VReg v) { return {v, Role::Def, Point::Early, Constraint::Reg, 0}; }
  static constexpr Operand def_fixed(VReg v, PReg r) {
    return {v, Role::Def, Point::Late, Constraint::Fixed, static_cast<u8>(r)};
  }
  static constexpr Operand def_reuse(VReg v, u8 use_index) {
    return {v, Role::Def, Point::Late, Constraint::Reuse, use_index};
  }
  PReg fixed() const { return static_cast<PReg>(fixed_or_reuse); }
};

/// Flags the generic code reads.
enum MFlag : u8 {
  is_call = 1,       ///< returns behind itself: a call site; clobbers apply; no Ref stays in a register across it
  is_terminator = 2, ///< last of its block
  is_move = 4,       ///< register move of one Use to one Def: a coalescing hint
  is_remat =
      8, ///< one Def, no Use, cheap (constant, instance field that never changes): may be repeated instead of spilled
};

struct MInst {
  u16 op = 0;   ///< target instruction
  u8 form = 0;  ///< target: width, addressing form, condition...
  u8 flags = 0; ///< MFlag
  u8 operand_count = 0;
  u8 clobbers = 0;      ///< index into MFunction::clobber_sets, 0: none
  u8 scale_log2 = 0;    ///< target: index scale
  abi::TrapCode trap{}; ///< of an instruction that may fault (the target's form says whether)
  u32 first_operand = 0;
  i32 disp = 0;
  u64 imm = 0;      ///< immediate, function index, slot, block, label
  u32 source = 0;   ///< wasm offset, ~0: none
  u32 region = ~0u; ///< of a call: index into ir::Function::regions
};
static_assert(sizeof(MInst) == 32);

struct MBlockRow {
  u32 first_inst = 0, inst_count = 0;
  std::vector<VReg> params;
  /// Successors; a terminator's edges in order. Arguments correspond to the successor's params.
  /// Lowering splits critical edges: only the edge of a block with one successor carries arguments (their
  /// moves stand before the terminator), and a successor of a block with several has that block as its only
  /// predecessor. Pads are in nobody's succs; a pad's `preds` is the region's entry block.
  struct Edge {
    MBlock target;
    base::PoolRange args; ///< into MFunction::edge_args
  };
  std::vector<Edge> succs;
  std::vector<MBlock> preds;
  u32 ir_block = 0;
  u8 loop_depth = 0;
  bool is_cold = false;
  /// A pad is entered with no value in a register: all its live-ins are in their spill slots. Its only
  /// predecessor is its region's entry block; its live-ins are live at every call of the region.
  bool is_pad = false;
};

struct VRegRow {
  VKind kind = VKind::I64;
};

/// A call in region r reaches the pads of r and of r's ancestors.
struct MRegion {
  u32 parent = ~0u;
  std::vector<MBlock> pads;
};

/// Frame memory that lowering asks for (home slots); spill slots are added by the allocator.
struct FrameSlot {
  u32 size = 8;
  bool is_ref = false; ///< zeroed by the prologue and named by the stack map of every call
  i32 offset = 0;      ///< rbp-relative, assigned by codegen/frame
};

struct MFunction {
  base::IdVec<MBlock, MBlockRow> blocks; ///< in layout order: MBlock 0 is the entry
  std::vector<MInst> insts;              ///< block after block
  std::vector<Operand> operands;
  std::vector<VReg> edge_args;
  base::IdVec<VReg, VRegRow> vregs;
  std::vector<RegSet> clobber_sets; ///< [0] = none
  std::vector<MRegion> regions;     ///< same indices as ir::Function::regions
  std::vector<FrameSlot> slots;     ///< same indices as ir::Function::slots first
  std::vector<MBlock> jump_targets; ///< entries of the jump tables, one run per table (named by the target's rows)
  bool has_calls = false;
  bool needs_instance_slot = false;

  void clear();
  std::span<Operand> operands_of(const MInst &i) { return {operands.data() + i.first_operand, i.operand_count}; }
  std::span<const Operand> operands_of(const MInst &i) const {
    return {operands.data() + i.first_operand, i.operand_count};
  }
};

/// Where a value is: a register, or a spill slot (index into Allocation::spill_slots).
struct Place {
  enum class Kind : u8 { None, Reg, Slot } kind = Kind::None;
  u32 index = 0; ///< PReg or slot
  static constexpr Place reg(PReg r) { return {Kind::Reg, static_cast<u32>(r)}; }
  static constexpr Place slot(u32 s) { return {Kind::Slot, s}; }
  PReg preg() const { return static_cast<PReg>(index); }
  bool is_reg() const { return kind == Kind::Reg; }
  bool is_slot() const { return kind == Kind::Slot; }
  bool operator==(const Place &) const = default;
};

/// A move inserted before instruction `inst` (in order of the list). Moves and remats leave the flags alone.
/// A slot-to-slot move is legal: the emitter does it through the scratch register of the *other* class
/// (v128: the int scratch), so an open cycle of one class survives it as long as int and float moves of one
/// parallel move are resolved one class after the other.
/// Already sequential: parallel moves
/// are resolved, cycles broken through the target's scratch registers. `remat` != ~0: instead of a move,
/// repeat that instruction into `to`.
struct Edit {
  u32 inst;
  Place from, to;
  VKind kind;
  u32 remat = ~0u;
};

struct Allocation {
  std::vector<Place> operands; ///< parallel to MFunction::operands
  std::vector<Edit> edits;     ///< by ascending inst
  struct SpillSlot {
    u32 size;
    bool is_ref;
    i32 offset = 0; ///< rbp-relative, assigned by codegen/frame
  };
  std::vector<SpillSlot> spill_slots;
  /// Per call instruction: spill slots of references live across it (the collector's roots).
  struct SafepointRow {
    u32 inst;
    base::PoolRange slots; ///< into safepoint_slots
  };
  std::vector<SafepointRow> safepoints;
  std::vector<u32> safepoint_slots;
  RegSet used = 0;        ///< every register written
  image::FrameInfo frame; ///< assigned by codegen/frame together with all slot offsets, before emission

  void clear();
};

/// The registers a target offers. Scratch registers are never allocated: the moves' cycle breakers and
/// the emitter's temporaries.
struct RegisterFile {
  std::span<const PReg> int_order, float_order; ///< allocation order, cheapest first
  RegSet callee_saved;
  PReg int_scratch, float_scratch;
};

} // namespace trapeze::codegen
