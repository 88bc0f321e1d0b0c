// Register allocation: virtual registers to places, and the moves that keep each value where it is expected.
//
// The passes, each in its file, over one Workspace:
//   liveness   (codegen/liveness)  ranges of every value, pads included
//   bundles    block parameters and their arguments that never meet become one bundle: no move on the edge
//   solve      linear scan over pieces of bundles: registers, splits, who lives in a slot
//   slots      spill slots, shared by bundles that are never live together; safepoint rows
//   resolve    operands, and parallel moves at splits, edges and fixed operands; `moves` puts them in sequence
//   redundant  edits that move a value to where it already is are dropped
// `check` is independent of all of them: it takes function and allocation and runs them symbolically.
//
// Invariants of the result
//   - A value that is ever in a slot is stored there right behind its one definition (a parameter: on its edges)
//     and stays there to its end. So a spill is never stored twice, leaving a register for the slot is free,
//     and pads and the collector find what they need.
//   - A reference is in no register across a call; the call's safepoint row lists its slot.
//   - At a pad's head nothing is in a register.
//   - A value whose definition is_remat has no slot: it is made again where it is wanted.
#pragma once

#include "base/laps.hh"
#include "codegen/machine.hh"
#include "codegen/regalloc/workspace.hh"

#include <optional>
#include <string>

namespace trapeze::codegen {

/// Every function of up to this many instructions gets the full treatment; longer ones the linear mode.
inline constexpr u32 full_allocation_limit = 400'000;

enum class AllocationMode : u8 {
  Full,
  OnePass, ///< one walk over the code, for compile speed (one_pass.hh)
  Simple,  ///< all values in slots, registers only around the instruction that wants them: linear, and for debugging
};

void allocate(const MFunction &m, const RegisterFile &registers, Workspace &ws, Allocation &out,
              AllocationMode mode = AllocationMode::Full, base::Laps *laps = nullptr);

/// What is wrong with an allocation, or nothing.
std::optional<std::string> check(const MFunction &m, const RegisterFile &registers, const Allocation &a);

} // namespace trapeze::codegen
