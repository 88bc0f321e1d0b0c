#include "compile/native_target.hh"

#include "abi/cpu.hh"
#include "compile/compile.hh"
#include "target/x64/target.hh"

namespace trapeze::compile {

Result<const codegen::Target *> native_target() {
  return x64::target_for(
      {.sse41 = __builtin_cpu_supports("sse4.1") != 0, .popcnt = __builtin_cpu_supports("popcnt") != 0});
}

// Files name features by abi's numbers, code is selected by the target's.
static_assert(x64::cpu_sse41 == u32{abi::cpu_sse41} && x64::cpu_popcnt == u32{abi::cpu_popcnt} &&
              x64::cpu_lzcnt == u32{abi::cpu_lzcnt} && x64::cpu_bmi1 == u32{abi::cpu_bmi1} &&
              x64::cpu_bmi2 == u32{abi::cpu_bmi2});

u32 native_cpu() { return abi::cpu_features_here(); }

} // namespace trapeze::compile
