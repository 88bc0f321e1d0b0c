#include "compile/native_target.hh"

#include "compile/compile.hh"

#include "target/x64/target.hh"

namespace trapeze::compile {

Result<const codegen::Target *> native_target() {
  return x64::target_for(
      {.sse41 = __builtin_cpu_supports("sse4.1") != 0, .popcnt = __builtin_cpu_supports("popcnt") != 0});
}

u32 native_cpu() {
  u32 cpu = x64::cpu_baseline;
  cpu |= __builtin_cpu_supports("lzcnt") != 0 ? x64::cpu_lzcnt : 0u; // which tells of tzcnt too where bmi does
  cpu |= __builtin_cpu_supports("bmi") != 0 ? x64::cpu_bmi1 : 0u;
  cpu |= __builtin_cpu_supports("bmi2") != 0 ? x64::cpu_bmi2 : 0u;
  return cpu;
}

} // namespace trapeze::compile
