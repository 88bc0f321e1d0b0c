// The search of the fast path: which pad of which frame catches? EXCEPTIONS.md, The throw.
//
// One pass over the frame-pointer chain. Per frame: return address -> image (granule array) -> call site inside a
// region (hash) -> clauses, innermost region first; a clause matches when it catches all, or when the tag that *the
// frame's own instance* has at the clause's index is the one thrown: one body serves many instances. No lock, no
// allocation, no thread-local storage. Nothing is passed on the stack, so sp of a frame at its call is its callee's fp
// plus 16: a landing needs no table for it.
//
// runtime/stubs_x64.S (trapeze_search) is the same search for the common case.
#pragma once

#include "base/types.hh"

namespace trapeze::unwind {

/// Where a stub goes on: it loads fp and sp, and the instance from [fp - 8], then jumps to pc.
struct Landing {
  u64 pc, fp, sp;
};

/// From the caller of the frame `callee_fp` outward. `tag` null: a foreign exception, which only catch_all catches.
/// False: nothing in this activation catches it.
bool find_handler(u64 callee_fp, u64 entry_fp, const void *tag, Landing &landing);

} // namespace trapeze::unwind
