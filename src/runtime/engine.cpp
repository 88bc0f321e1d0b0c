// Creation; the environment is read here and nowhere else.
#include "runtime/engine.hh"

#include "os/process.hh"
#include "os/signals.hh"
#include "runtime/exception_log.hh"
#include "runtime/perf_map.hh"
#include "runtime/system_unwind.hh"
#include "runtime/traps.hh"
#include "unwind/registration.hh"

#include <fmt/format.h>

#include <cstdlib>
#include <mutex>
#include <string_view>

namespace trapeze::runtime {

Result<std::shared_ptr<Engine>> Engine::create(bool throws_on_system) {
  if (throws_on_system && unwind::bound_unwinder().kind == unwind::Unwinder::Unknown)
    return fail(ErrorKind::Unsupported, 0,
                fmt::format("the system's unwinder ({}) is neither libgcc nor LLVM libunwind: use --unwinder=fast",
                            unwind::bound_unwinder().path));
  if (!os::install_fault_handlers(resolve_fault))
    return fail(ErrorKind::Resource, 0, "the system refused handlers for faults");
  static std::once_flag once;
  std::call_once(once, [] {
    read_log_settings();
    prepare_system_unwinder();
  });
  std::shared_ptr<Engine> engine(new Engine);
  engine->throws_on_system_ = throws_on_system;
  if (const char *stress = std::getenv("TRAPEZE_STRESS"))
    engine->stress_collect_ = std::string_view(stress).find("collect") != std::string_view::npos;
  if (os::is_traced())
    engine->tell_debugger();
  return engine;
}

Result<void> Engine::write_perf_map() {
  TRY(open_perf_map());
  writes_perf_map_ = true;
  return {};
}

} // namespace trapeze::runtime
