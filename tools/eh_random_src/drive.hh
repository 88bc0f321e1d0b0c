// The engine under test, driven through its public interface.
#pragma once

#include "program.hh"

#include <string>

namespace eh_random {

/// The unwinders a run can use; the one place that lists them.
enum class UnwinderChoice : u8 { Fast, System };

Trace drive(const Program &program, UnwinderChoice unwinder, bool text);

} // namespace eh_random
