// What all stores share: type identities, settings, and (through CodeRegions and the fault handlers) the process's
// code. Thread-safe. Creating one fails on a platform that the engine does not run on.
#pragma once

#include "base/result.hh"
#include "runtime/type_registry.hh"

#include <memory>

namespace trapeze::runtime {

class Engine {
public:
  /// `throws_on_system`: throws go through the platform's unwinder instead of the engine's own walk. Fails if that is
  /// one that code cannot be registered with.
  static Result<std::shared_ptr<Engine>> create(bool throws_on_system = false);
  Engine(const Engine &) = delete;
  Engine &operator=(const Engine &) = delete;

  TypeRegistry &types() { return types_; }
  const TypeRegistry &types() const { return types_; }
  /// TRAPEZE_STRESS=collect: a collection at every builtin that may collect and every host call.
  bool stress_collect() const { return stress_collect_; }
  void set_stress_collect(bool on) { stress_collect_ = on; }
  bool throws_on_system() const { return throws_on_system_; }

  /// Code that is published from now on is described to a debugger (runtime/debugger.hh). On from the start where the
  /// process is being traced.
  void tell_debugger() { tells_debugger_ = true; }
  bool tells_debugger() const { return tells_debugger_; }
  /// Code that is published from now on is entered in the process's perf map (runtime/perf_map.hh); fails if the file
  /// cannot be written.
  Result<void> write_perf_map();
  bool writes_perf_map() const { return writes_perf_map_; }

private:
  Engine() = default;
  TypeRegistry types_;
  bool stress_collect_ = false, tells_debugger_ = false, writes_perf_map_ = false;
  bool throws_on_system_ = false;
};

} // namespace trapeze::runtime
