// The x86-64 target, and what it asks of a processor. compile/native_target has the processor at hand; tests ask for
// the target of processors that are not.
#pragma once

#include "base/result.hh"
#include "codegen/target.hh"

namespace trapeze::x64 {

/// What selection takes for granted beyond the base instruction set (docs/platforms.md).
struct CpuFeatures {
  bool sse41 = false;
  bool popcnt = false;
};

/// Features as bits of codegen::Settings::cpu and image::CodeImage::cpu. The first two are taken for granted.
enum CpuBit : u32 { cpu_sse41 = 1, cpu_popcnt = 2, cpu_lzcnt = 4, cpu_bmi1 = 8, cpu_bmi2 = 16 };
inline constexpr u32 cpu_baseline = cpu_sse41 | cpu_popcnt;

const codegen::Target &target();

/// The target, if its code runs on such a processor; else what that lacks.
Result<const codegen::Target *> target_for(CpuFeatures cpu);

} // namespace trapeze::x64
