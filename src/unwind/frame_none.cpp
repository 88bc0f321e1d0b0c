// An architecture without a code generator: the personality is in no frame.
#include "unwind/frame.hh"

namespace trapeze::unwind {

u64 frame_pointer(_Unwind_Context *) { return 0; }
void restore_host_modes(u64) {}

} // namespace trapeze::unwind
