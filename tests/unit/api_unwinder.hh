// Which unwinder the API's tests throw on: TRAPEZE_TEST_UNWINDER=fast|system; tests/run.py runs them under both.
#pragma once

#include "trapeze/trapeze.hh"

#include <cstdlib>
#include <string_view>

namespace trapeze::test {

inline Unwinder wanted_unwinder() {
  const char *wanted = std::getenv("TRAPEZE_TEST_UNWINDER");
  return wanted != nullptr && std::string_view(wanted) == "system" ? Unwinder::System : Unwinder::Fast;
}

inline Config config() { return Config().unwinder(wanted_unwinder()); }

} // namespace trapeze::test
