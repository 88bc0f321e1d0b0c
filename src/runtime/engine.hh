// What all stores of a process share: the code region with its pc -> module map, type identities, and the
// signal handlers. Thread-safe. Creating it fails on a platform that the engine does not run on.
#pragma once

#include "base/result.hh"
#include "runtime/type_registry.hh"

#include <memory>

namespace trapeze::runtime {

class CodeRegions;

class Engine {
public:
  static Result<std::shared_ptr<Engine>> create();
  ~Engine();
  Engine(const Engine &) = delete;
  Engine &operator=(const Engine &) = delete;

  TypeRegistry &types() { return types_; }
  const TypeRegistry &types() const { return types_; }
  CodeRegions &code_regions() { return *regions_; }
  /// TRAPEZE_STRESS=collect: a collection at every builtin that may collect and every host call.
  bool stress_collect() const { return stress_collect_; }
  void set_stress_collect(bool on) { stress_collect_ = on; }

private:
  Engine();
  TypeRegistry types_;
  std::unique_ptr<CodeRegions> regions_;
  bool stress_collect_ = false;
};

} // namespace trapeze::runtime
