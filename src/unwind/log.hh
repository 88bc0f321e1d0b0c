// TRAPEZE_LOG=eh as far as the unwind room prints: whole lines on standard error, each before what it announces is
// read, so that a fault in between is seen in its place.
#pragma once

#include <cstdarg>
#include <cstdio>

namespace trapeze::unwind {

/// Set when the first engine is made; see runtime/exception_log.
inline bool logs_eh = false;

[[gnu::format(printf, 1, 2)]] inline void log_line(const char *format, ...) {
  char text[512];
  va_list args;
  va_start(args, format);
  std::vsnprintf(text, sizeof text, format, args);
  va_end(args);
  std::fprintf(stderr, "eh: %s\n", text);
}

} // namespace trapeze::unwind
