// Where the stubs of x86-64 keep what frame_x64.cpp reads.
#pragma once

namespace trapeze::unwind {

/// The host's MXCSR in the frame of trapeze_enter, from its frame pointer; asserted where the stubs are.
inline constexpr int entry_frame_mxcsr = -52;

} // namespace trapeze::unwind
