// An architecture without a code generator: no fault is in Wasm code, so there is nothing to read or to resume.
#include "os/signals_linux.hh"

namespace trapeze::os {

void read_registers(const ucontext_t &, Fault &) {}
void write_resume(ucontext_t &, const Resume &) {}

} // namespace trapeze::os
