// Throwing on the platform's unwinder. EXCEPTIONS.md, System path; stage 1 is unwind/personality, stage 2 the builtin
// BeginCatch, which system pads call.
#pragma once

#include "unwind/diagnose.hh"

namespace trapeze::runtime {

class Store;

/// With tag and payload in flight, from a C++ function called by a stub. Returns only when the unwinder refused.
unwind::UnwindEnd raise_on_system(Store &store);

/// Once per process, before the first throw.
void prepare_system_unwinder();

} // namespace trapeze::runtime
