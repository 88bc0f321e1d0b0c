// An architecture without a code generator: no engine is ever created there, so nothing passes the border.
#include "runtime/stubs.hh"

#include "base/assert.hh"

namespace trapeze::runtime {

const u8 trapeze_tail_return[] = {0};
const void *const trapeze_builtin_table[] = {nullptr};

u64 trapeze_enter(Registers *, const void *, abi::InstanceContext *, Activation *, FloatUse) {
  base::assertion_failed("there is code to enter", __FILE__, __LINE__);
}
void trapeze_abandon() { base::assertion_failed("there is an activation", __FILE__, __LINE__); }
void trapeze_border_pad() { base::assertion_failed("there is an activation", __FILE__, __LINE__); }
void trapeze_host_call_stub() { base::assertion_failed("there is code that calls", __FILE__, __LINE__); }
void trapeze_trap_landing() { base::assertion_failed("there is code that traps", __FILE__, __LINE__); }

} // namespace trapeze::runtime
