// fmt, inside the archive: distributions package its static library or not, and the runtime of native executables is
// one file that needs nothing else. Header-only fmt emits, as weak definitions, what is used and not inlined; this file
// is compiled with -fno-inline, and `vformat` uses all of fmt that the rooms, compiled against the shared library,
// name.
#define FMT_HEADER_ONLY 1
#include <fmt/format.h>

namespace trapeze::cli {

[[gnu::used]] std::string format_everything(fmt::string_view format, fmt::format_args arguments) {
  return fmt::vformat(format, arguments);
}

} // namespace trapeze::cli
