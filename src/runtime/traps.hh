// From a fault to a trap: the signal handler asks resolve_fault, which knows Wasm code.
#pragma once

#include "abi/traps.hh"
#include "abi/vmctx.hh"
#include "os/signals.hh"

namespace trapeze::runtime {

/// What the runtime knows about the calling thread. Initial-exec: read in a signal handler, where nothing may allocate.
struct ThreadState {
  u64 stack_limit = 0;               ///< what prologues compare with; 0: not asked yet
  u64 stack_low = 0, stack_size = 0; ///< the thread's own stack; known when stack_limit is
  u64 fault_pc = 0, fault_fp = 0;    ///< between the fault and trapeze_trap
  abi::TrapCode fault_code{};
};
/// Initialised without code, so that reading it needs none.
[[gnu::tls_model("initial-exec")]] extern constinit thread_local ThreadState thread_state;
/// A function, because a compiler may keep the address of a thread_local over a call that changes the thread (fibers).
ThreadState &this_thread();

/// Async-signal-safe. True: the fault is a trap of Wasm code, and `resume` leads to the trap landing.
bool resolve_fault(const os::Fault &fault, os::Resume &resume);

} // namespace trapeze::runtime
