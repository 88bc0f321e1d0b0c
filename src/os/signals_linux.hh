// The registers in Linux's signal context. signals_linux_<architecture>.cpp defines these.
#pragma once

#include "os/signals.hh"

#include <ucontext.h>

namespace trapeze::os {

void read_registers(const ucontext_t &context, Fault &fault);
void write_resume(ucontext_t &context, const Resume &resume);

} // namespace trapeze::os
