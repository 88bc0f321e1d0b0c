// What the personality needs of the machine: x86-64, System V. Another target has a file of the same functions.
#pragma once

#include "base/types.hh"

#include <unwind.h>

namespace trapeze::unwind {

inline u64 frame_pointer(_Unwind_Context *context) { return _Unwind_GetGR(context, 6); } // DWARF's number of rbp

/// Where trapeze_enter keeps the host's MXCSR, from its frame pointer; asserted where the stubs are.
inline constexpr int entry_frame_mxcsr = -52;

/// For exceptions that go through the border.
inline void restore_host_modes(u64 entry_fp) {
  asm volatile("ldmxcsr %0" : : "m"(*reinterpret_cast<const u32 *>(entry_fp + entry_frame_mxcsr)));
}

} // namespace trapeze::unwind
