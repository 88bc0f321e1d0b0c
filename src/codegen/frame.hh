// The frame of a function: where everything in it lies, as abi/convention.hh promises it to the unwinder, the collector
// and the runtime. Offsets are from the frame pointer, all negative:
//
//   -8          own instance          if the function has regions or calls other instances
//   below       callee-saved registers that it writes, in ascending order of number; all of them in a function with
//   regions below       home slots and spill slots, the widest first, each aligned to its size; in a large frame those
//   that are named most before all others -size       stack pointer in the body; size is a multiple of 16
//
// Example: instance slot, rbx and r14 saved, spill slots of 8 and 4 bytes:
//   instance -8, rbx -16, r14 -24, slot0 -32, slot1 -36, size 48, saved_mask 0b0101
#pragma once

#include "codegen/machine.hh"

namespace trapeze::codegen {

/// Fills a.frame (all but the prologue's size) and the offset of every slot.
void layout_frame(MFunction &m, const RegisterFile &registers, Allocation &a);

} // namespace trapeze::codegen
