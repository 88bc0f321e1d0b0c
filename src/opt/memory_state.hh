// Which loads see the same memory.
//
// Each alias region that changes (lengths, globals, table elements, linear memory) has a state, a number. A store to
// the region makes a new state, a call a new one of every region. Where paths meet, the state stays if every path
// brings the same one; at a loop's header the paths from inside count by what the loop does to the region at all,
// because its blocks have not been visited yet. A pad begins with new states: what a throwing call has done is unknown.
//
// Two equal loads in the same state give the same value, if the first dominates the second: a state begins at one
// place, and no way from there to any block that has it changes the region.
//
// Blocks are entered in the order of the dominator tree with siblings in reverse postorder, so that all predecessors of
// a block but those along back edges have been left before it is entered.
#pragma once

#include "opt/passes.hh"

#include <array>

namespace trapeze::opt {

class MemoryState {
public:
  void start(const ir::Function &fn, const Workspace &ws);
  void enter(ir::Block b);
  void leave(ir::Block b) { at_end_[b] = now_; }
  /// What the instruction does to the states.
  void apply(ir::Inst inst);

  /// Whether equal loads of the region may be one: 0 for those that change unseen.
  static bool is_tracked(ir::Alias alias) { return alias == ir::Alias::Fixed || index(alias) < tracked; }
  /// The state of a tracked region; words that never change are always in state 0.
  u32 of(ir::Alias alias) const { return alias == ir::Alias::Fixed ? 0 : now_[index(alias)]; }
  /// Whether something in the loop may change what a load of the region gives.
  bool changes(ir::Loop loop, ir::Alias alias) const {
    return alias != ir::Alias::Fixed && (index(alias) == tracked || (effects_[loop] >> index(alias) & 1) != 0);
  }
  bool calls(ir::Loop loop) const { return effects_[loop] == everything; }

private:
  static constexpr u32 tracked = 4;
  static constexpr u8 everything = (1u << tracked) - 1 + (1u << tracked); ///< regions, and one bit for calls
  static constexpr u32 index(ir::Alias alias) {
    switch (alias) {
    case ir::Alias::Length:
      return 0;
    case ir::Alias::Global:
      return 1;
    case ir::Alias::Table:
      return 2;
    case ir::Alias::Memory:
      return 3;
    default:
      return tracked;
    }
  }
  u8 effects(ir::Inst inst) const;
  u8 effects(ir::Block b) const;

  using States = std::array<u32, tracked>;
  const ir::Function *fn_ = nullptr;
  const Workspace *ws_ = nullptr;
  States now_{};
  u32 last_ = 0; ///< the newest state
  base::IdVec<ir::Block, States> at_end_;
  base::IdVec<ir::Loop, u8> effects_; ///< of everything in the loop, a bit per region
};

} // namespace trapeze::opt
