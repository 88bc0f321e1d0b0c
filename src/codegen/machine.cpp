// Storage of the machine form: cleared and reused from function to function.
#include "codegen/machine.hh"

namespace trapeze::codegen {

void MFunction::clear() {
  blocks.clear();
  insts.clear();
  operands.clear();
  edge_args.clear();
  vregs.clear();
  clobber_sets.assign(1, RegSet{0});
  regions.clear();
  slots.clear();
  jump_targets.clear();
  has_calls = false;
  needs_instance_slot = false;
}

void Allocation::clear() {
  operands.clear();
  edits.clear();
  spill_slots.clear();
  safepoints.clear();
  safepoint_slots.clear();
  used = 0;
  frame = {};
}

} // namespace trapeze::codegen
