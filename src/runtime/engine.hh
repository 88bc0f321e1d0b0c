// What all stores share: type identities, settings, and (through CodeRegions and the fault handlers) the process's
// code. Thread-safe. Creating one fails on a platform that the engine does not run on.
#pragma once

#include "base/result.hh"
#include "runtime/type_registry.hh"

#include <memory>

namespace trapeze::runtime {

class Engine {
public:
  static Result<std::shared_ptr<Engine>> create();
  Engine(const Engine &) = delete;
  Engine &operator=(const Engine &) = delete;

  TypeRegistry &types() { return types_; }
  const TypeRegistry &types() const { return types_; }
  /// TRAPEZE_STRESS=collect: a collection at every builtin that may collect and every host call.
  bool stress_collect() const { return stress_collect_; }
  void set_stress_collect(bool on) { stress_collect_ = on; }
  /// Throws go through the platform's unwinder instead of the engine's own walk. Before anything is loaded.
  bool throws_on_system() const { return throws_on_system_; }
  void set_throws_on_system(bool on) { throws_on_system_ = on; }

private:
  Engine() = default;
  TypeRegistry types_;
  bool stress_collect_ = false;
  bool throws_on_system_ = false;
};

} // namespace trapeze::runtime
