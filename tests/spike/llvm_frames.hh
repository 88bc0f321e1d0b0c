// Functions made by LLVM in the engine's convention, loaded into the region with rows from what LLVM wrote about them.
#pragma once

#include "region.hh"

namespace trapeze::spike {

struct LlvmFunction {
  u32 offset = 0, size = 0;
  u64 stack_size = ~0ull; ///< as the stackmap section tells it; ~0: not constant
  i32 slots_at = 0;       ///< rbp-relative place of the alloca named by the stackmap, 0: none
  u32 call_ranges = 0, calls_with_pad = 0;
  u32 saved_registers = 0;
};

/// Compiles the functions of llvm_frames.ll with -O3, appends their code to the region and adds their rows.
std::map<std::string, LlvmFunction> add_llvm_functions(Region &region, std::string &error);

} // namespace trapeze::spike
