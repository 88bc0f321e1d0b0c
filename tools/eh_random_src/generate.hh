// Random programs that use exceptions. See generate.cpp.
#pragma once

#include "program.hh"

namespace eh_random {

/// The same program for the same numbers, on every machine. `size` multiplies the length of function bodies and the
/// fuel.
Program generate(u64 seed, u64 number, u32 size);

} // namespace eh_random
