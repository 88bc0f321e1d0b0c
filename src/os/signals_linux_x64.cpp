// Register names in the signal context of x86-64 Linux.
#include "os/signals_linux.hh"

namespace trapeze::os {

void read_registers(const ucontext_t &context, Fault &fault) {
  fault.pc = static_cast<u64>(context.uc_mcontext.gregs[REG_RIP]);
  fault.fp = static_cast<u64>(context.uc_mcontext.gregs[REG_RBP]);
  fault.instance = static_cast<u64>(context.uc_mcontext.gregs[REG_R13]);
  fault.sp = static_cast<u64>(context.uc_mcontext.gregs[REG_RSP]);
}

void write_resume(ucontext_t &context, const Resume &resume) {
  context.uc_mcontext.gregs[REG_RIP] = static_cast<greg_t>(resume.pc);
  context.uc_mcontext.gregs[REG_RDI] = static_cast<greg_t>(resume.argument);
}

} // namespace trapeze::os
