#include "base/assert.hh"

#include <cstdio>
#include <cstdlib>

namespace trapeze::base {

void assertion_failed(const char *condition, const char *file, int line) {
  std::fprintf(stderr, "trapeze: internal error: %s:%d: assertion failed: %s\n", file, line, condition);
  std::abort();
}

} // namespace trapeze::base
