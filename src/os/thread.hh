// What the runtime must know about the thread it runs on: where its stack ends, and that faults are handled on
// a stack of their own.
#pragma once

#include "base/types.hh"

namespace trapeze::os {

struct StackBounds {
  u64 low = 0, high = 0; ///< [low, high); `low` is above the guard page
};

/// Of the calling thread; asked once per thread, then cached.
StackBounds stack_bounds();

/// Gives the calling thread an alternate signal stack unless it has a large enough one. Freed when the thread
/// ends. False: the system refused.
bool ensure_signal_stack();

} // namespace trapeze::os
