// Random programs that use exceptions. See generate.cpp.
#pragma once

#include "program.hh"

namespace eh_random {

/// The same program for the same two numbers, on every machine.
Program generate(u64 seed, u64 number);

} // namespace eh_random
