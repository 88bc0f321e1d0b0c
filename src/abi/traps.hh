// Kinds of trap: a code that the trap table gives for a pc, or that a builtin reports.
#pragma once

#include "base/types.hh"

namespace trapeze::abi {

enum class TrapCode : u8 {
#define TRAP(id, text) id,
#include "abi/traps.def"
};

inline constexpr u32 trap_code_count = 0
#define TRAP(id, text) +1
#include "abi/traps.def"
    ;

const char *message(TrapCode code);

} // namespace trapeze::abi
