// x86-64, System V.
#include "unwind/frame.hh"

#include "unwind/frame_x64.hh"

namespace trapeze::unwind {

u64 frame_pointer(_Unwind_Context *context) { return _Unwind_GetGR(context, 6); } // DWARF's number of rbp

void restore_host_modes(u64 entry_fp) {
  asm volatile("ldmxcsr %0" : : "m"(*reinterpret_cast<const u32 *>(entry_fp + entry_frame_mxcsr)));
}

} // namespace trapeze::unwind
