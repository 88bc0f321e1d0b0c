// Faults (SIGSEGV, SIGBUS, SIGILL, SIGFPE) on the thread's alternate stack. One resolver of the runtime is asked
// first; what it does not know goes to the handler that was installed before ours, or to the default action:
// a fault outside of Wasm code stays what it was.
#pragma once

#include "base/types.hh"

namespace trapeze::os {

enum class FaultKind : u8 { Access, Illegal, Arithmetic };

/// The registers of the interrupted thread that the resolver reads.
struct Fault {
  FaultKind kind;
  u64 pc, fp, sp;
  u64 instance; ///< the register that is the instance in compiled code (abi/convention.hh)
  u64 address;  ///< Access: what was touched, as far as the system says
};

/// Where the thread continues instead: pc, and the first integer argument register.
struct Resume {
  u64 pc, argument;
};

/// Async-signal-safe. False: not ours.
using FaultResolver = bool (*)(const Fault &fault, Resume &resume);

/// Once per process; later calls do nothing. False: the system refused.
bool install_fault_handlers(FaultResolver resolver);

/// How the handlers stand now. Somebody who installed one over ours has to pass faults on to it.
struct FaultHandlers {
  u32 signals, ours; ///< how many there are, and for how many ours is the one the system calls
  u32 chained;       ///< handlers that were there before, and get what is not ours
};
FaultHandlers fault_handlers();

} // namespace trapeze::os
