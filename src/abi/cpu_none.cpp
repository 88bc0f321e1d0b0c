// A platform without a code generator: docs/platforms.md says what each of them still needs. TRAPEZE_PLATFORM is
// CMake's name for it, "Linux aarch64".
#include "abi/cpu.hh"

namespace trapeze::abi {

u16 machine() { return 0; }
u32 cpu_baseline() { return 0; }
u32 cpu_features_here() { return 0; }

Result<void> check_machine() {
  return fail(ErrorKind::Unsupported, 0,
              "no code generator for " TRAPEZE_PLATFORM " yet: Trapeze runs code on Linux x86_64 only");
}

} // namespace trapeze::abi
