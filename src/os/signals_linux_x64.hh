// Register names in the signal context of x86-64 Linux. signals_linux.cpp includes the file of its CPU.
#pragma once

#include "os/signals.hh"

#include <ucontext.h>

namespace trapeze::os {

inline void read_registers(const ucontext_t &context, Fault &fault) {
  fault.pc = static_cast<u64>(context.uc_mcontext.gregs[REG_RIP]);
  fault.fp = static_cast<u64>(context.uc_mcontext.gregs[REG_RBP]);
  fault.sp = static_cast<u64>(context.uc_mcontext.gregs[REG_RSP]);
}

inline void write_resume(ucontext_t &context, const Resume &resume) {
  context.uc_mcontext.gregs[REG_RIP] = static_cast<greg_t>(resume.pc);
  context.uc_mcontext.gregs[REG_RDI] = static_cast<greg_t>(resume.argument);
}

} // namespace trapeze::os
