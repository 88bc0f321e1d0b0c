#include "compile/native_target.hh"

#include "target/x64/target.hh"

namespace trapeze::compile {

Result<const codegen::Target *> native_target() {
  return x64::target_for(
      {.sse41 = __builtin_cpu_supports("sse4.1") != 0, .popcnt = __builtin_cpu_supports("popcnt") != 0});
}

} // namespace trapeze::compile
