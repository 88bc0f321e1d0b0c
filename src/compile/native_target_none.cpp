// A platform without a code generator: docs/platforms.md says what each of them still needs. TRAPEZE_PLATFORM is
// CMake's name for it, "Linux aarch64".
#include "compile/native_target.hh"

#include "compile/compile.hh"

namespace trapeze::compile {

Result<const codegen::Target *> native_target() {
  return fail(ErrorKind::Unsupported, 0,
              "no code generator for " TRAPEZE_PLATFORM " yet: Trapeze runs code on Linux x86_64 only");
}

u32 native_cpu() { return 0; }

} // namespace trapeze::compile
