// What compiled code asks of the processor beyond the architecture's base, as bits that a file can hold; on x86-64
// those of codegen::Settings::cpu. cpu_<architecture>.cpp defines the functions.
#pragma once

#include "base/result.hh"

#include <string>

namespace trapeze::abi {

enum CpuFeature : u32 { cpu_sse41 = 1, cpu_popcnt = 2, cpu_lzcnt = 4, cpu_bmi1 = 8, cpu_bmi2 = 16 };

/// ELF's number of this machine's architecture (e_machine); 0: there is no code generator for it.
u16 machine();
/// What the code generator takes for granted: everything that it compiles needs these.
u32 cpu_baseline();
/// What this processor has.
u32 cpu_features_here();
/// Why compiled code cannot run on this machine, if it cannot.
Result<void> check_machine();
/// `SSE4.1, POPCNT`
std::string cpu_feature_names(u32 features);

} // namespace trapeze::abi
