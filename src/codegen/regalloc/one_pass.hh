// Allocation in one walk over the code, for compile speed: state and steps.
//
// Problem: ranges of every value, bundles and a scan over them are half of the time that a function takes.
// Idea: walk the blocks in layout order and keep in mind which value each register holds. A use takes its value where
// it is, a definition the first free register. A register that is wanted is simply forgotten: whoever looks for its
// value later finds it in its slot, and only then is the value marked to be stored, right behind its definition. So
// what is never looked for in vain is never stored, and leaving a register costs nothing.
//
// Between blocks. A block with one predecessor goes on with the state at that one's end; a block where paths meet (loop
// heads too) and a pad begin with empty registers. Block parameters arrive in their slots.
//
// Slots are given afterwards, by hulls: from the definition to the last use in layout order, and on to the source of
// every edge that leads back to between the two, over and over. Edges of calls to pads count. Values that leave a cold
// block, which may stand behind blocks that it dominates, have a slot for themselves. So places and moves name slots by
// value (Place::index is the vreg) until `write` puts slots in.
//
// References: exact liveness of those values alone (codegen/liveness) says what a call's safepoint row lists.
//
// Invariants
//   - holds_ and reg_of_ agree; a value is in one register at most, as far as the state knows.
//   - Moves of one instruction are one parallel group: their sources are places before the instruction, taken before
//     anything changes.
//   - regalloc.hh, Invariants of the result.
#pragma once

#include "codegen/regalloc/regalloc.hh"

namespace trapeze::codegen {

class OnePass {
public:
  OnePass(const MFunction &m, const RegisterFile &file, Workspace &ws, Allocation &out);
  void run();

private:
  // before: uses, and where back edges lead
  void count();
  void count_block(u32 block);
  void note_use(VReg v, u32 block, u32 inst);
  void find_back_edges();

  // the walk
  void begin_block(u32 block);
  void end_block(u32 block);
  void hand_on(u32 block);
  void instruction(u32 inst);
  void read_sources(const MInst &row);
  void fixed_uses(u32 inst, const MInst &row);
  void displace(u32 inst, const MInst &row, PReg r, VReg by);
  void other_use(u32 inst, const MInst &row, u32 k);
  void reused(u32 inst, const MInst &row, u32 k, u32 def);
  void clobber(const MInst &row);
  void define(const MInst &row, u32 k);

  // registers
  PReg free_register(RegClass cls, RegSet barred, PReg hint) const;
  PReg find(RegClass cls, RegSet barred, PReg hint);
  void put(VReg v, PReg r);
  void forget(PReg r);
  void leave(VReg v);
  void drop(RegSet set);
  Place place_of(VReg v);
  void assign(const MInst &row, u32 k, Place p);
  void move(u32 inst, Boundary boundary, VReg v, Place from, Place to);

  // behind: slots, safepoints, edits
  bool has_own_slot(const PassRow &row) const;
  u32 hull_end(const PassRow &row) const;
  void list_roots();
  void order_stored();
  void give_slots();
  void write_safepoints();
  void write();
  void flush(std::span<Move> group);
  void push(const Edit &e);

  RegSet set_of(RegClass cls) const { return cls == RegClass::Int ? ints_ : floats_; }
  VKind kind(VReg v) const { return m_.vregs[v].kind; }

  const MFunction &m_;
  const RegisterFile &file_;
  Workspace &ws_;
  Allocation &out_;
  RegSet ints_ = 0, floats_ = 0;
  RegSet pinned_ = 0;     ///< of the instruction at hand: taken early, by operands and fixed uses
  RegSet late_ = 0;       ///< taken late: clobbers, fixed definitions, late uses, definitions
  PReg reused_ = no_preg; ///< of the instruction at hand: an operand's own register that its definition takes over
  u32 clock_ = 0;
  std::array<VReg, 64> holds_;
  RegSet full_ = 0; ///< registers that hold something
  std::array<u32, 64> touched_{};
  std::array<Place, 256> sources_; ///< per use operand of the instruction at hand: where its value was before
};

} // namespace trapeze::codegen
