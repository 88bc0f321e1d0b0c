// The code regions, made known to the platform's unwinder. EXCEPTIONS.md, Tables (In a running process).
//
// Each region is registered once, when it is reserved, with one FDE that covers it: every frame of compiled code at a
// call is [rbp] = caller's rbp, [rbp + 8] = return address (abi/convention.hh), so one rule serves all bodies, and
// loading or dropping a module registers nothing. The personality finds the image by pc. Stubs have their own CFI in
// the executable (runtime/stubs_x64.S). A region is never deregistered, as it is never released: a process may end,
// or throw on its way out, with live modules.
//
// What `__register_frame` wants depends on the unwinder that is bound: libgcc takes a section and keeps its own record
// in memory of ours (`__register_frame_info`), LLVM libunwind takes one FDE. They are told apart by what the object
// that *this process's* _Unwind_* calls reach exports, not by what was there at build time.
#pragma once

#include "base/types.hh"

#include <string>

namespace trapeze::unwind {

enum class Unwinder : u8 { Libgcc, LlvmLibunwind, Unknown };

/// The unwinder that this process is bound to.
struct BoundUnwinder {
  Unwinder kind;
  std::string path;    ///< of the object that holds it
  std::string version; ///< as far as its exports tell; "libgcc >= 13", ...
};
const BoundUnwinder &bound_unwinder();

/// False: the unwinder offers no way that we know. Thread-safe.
bool register_region(u64 base, u64 size);

} // namespace trapeze::unwind
