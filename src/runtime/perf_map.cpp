#include "runtime/perf_map.hh"

#include "os/process.hh"
#include "runtime/code.hh"
#include "wasm/func_names.hh"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <iterator>
#include <mutex>

namespace trapeze::runtime {

namespace {

struct PerfMap {
  std::mutex mutex;
  int file = -1;
  u64 process = 0; ///< that `file` was made for: a child has a number, and a map, of its own
} perf_map;

bool ensure_open() {
  if (perf_map.process != os::process_id()) {
    perf_map.file = os::create_perf_map();
    perf_map.process = perf_map.file < 0 ? 0 : os::process_id();
  }
  return perf_map.file >= 0;
}

} // namespace

Result<void> open_perf_map() {
  std::lock_guard lock(perf_map.mutex);
  if (ensure_open())
    return {};
  return fail(ErrorKind::Resource, 0,
              fmt::format("cannot make /tmp/perf-{}.map: {}", os::process_id(), std::strerror(errno)));
}

void append_to_perf_map(const Code &code) {
  wasm::FuncNames names(code.module());
  std::string lines;
  for (const image::FunctionRow &row : code.image().functions)
    fmt::format_to(std::back_inserter(lines), "{:x} {:x} {}\n", reinterpret_cast<u64>(code.base()) + row.code_offset,
                   row.text_size, names[code.image().func_of(row)]);
  std::lock_guard lock(perf_map.mutex);
  if (ensure_open())
    os::append(perf_map.file, lines.data(), lines.size());
}

} // namespace trapeze::runtime
