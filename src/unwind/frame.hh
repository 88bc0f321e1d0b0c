// What the personality needs of the machine. frame_<architecture>.cpp defines it.
#pragma once

#include "base/types.hh"

#include <unwind.h>

namespace trapeze::unwind {

u64 frame_pointer(_Unwind_Context *context);

/// For exceptions that go through the border: floating-point modes as the host had them at trapeze_enter.
void restore_host_modes(u64 entry_fp);

} // namespace trapeze::unwind
