// Makes a failing program smaller. See shrink.cpp.
#pragma once

#include "program.hh"

#include <functional>

namespace eh_random {

/// The smallest program found that still fails; gives up after `attempts` trials.
Program shrink(Program program, const std::function<bool(const Program &)> &fails, u32 attempts);

} // namespace eh_random
