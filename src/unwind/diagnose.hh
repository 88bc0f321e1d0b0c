// Why did _Unwind_RaiseException return? It does when a frame on the way has no FDE: the walk ends there in silence,
// and handlers behind are never asked. The engine finds the frame and says so. FACTS of the field: a personality that
// is "never called" is nearly always this.
#pragma once

#include "base/types.hh"

#include <string>

#include <unwind.h>

namespace trapeze::unwind {

/// The last frame that the unwinder reaches from the caller, and what it knows of it.
struct UnwindEnd {
  _Unwind_Reason_Code code;
  u64 pc = 0;
  u32 frames = 0;
  bool has_fde = false;
  bool is_ours = false; ///< its CIE names a personality of ours
};

UnwindEnd diagnose(_Unwind_Reason_Code code);
/// One sentence.
std::string explain(const UnwindEnd &end);

} // namespace trapeze::unwind
