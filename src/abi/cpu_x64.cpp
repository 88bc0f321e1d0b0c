// CPUID, as the compiler's own library reads it.
#include "abi/cpu.hh"

namespace trapeze::abi {

u16 machine() { return 62; } // EM_X86_64
u32 cpu_baseline() { return cpu_sse41 | cpu_popcnt; }

u32 cpu_features_here() {
  u32 out = __builtin_cpu_supports("sse4.1") != 0 ? cpu_sse41 : 0u;
  out |= __builtin_cpu_supports("popcnt") != 0 ? cpu_popcnt : 0u;
  out |= __builtin_cpu_supports("lzcnt") != 0 ? cpu_lzcnt : 0u;
  out |= __builtin_cpu_supports("bmi") != 0 ? cpu_bmi1 : 0u;
  return out | (__builtin_cpu_supports("bmi2") != 0 ? cpu_bmi2 : 0u);
}

Result<void> check_machine() {
  if (u32 lacks = cpu_baseline() & ~cpu_features_here())
    return fail(ErrorKind::Unsupported, 0,
                "this processor lacks " + cpu_feature_names(lacks) + ", which Trapeze needs on x86-64");
  return {};
}

} // namespace trapeze::abi
