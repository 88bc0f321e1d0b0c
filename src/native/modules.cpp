// Engines and decoded modules are shared: a store per thread must not decode the same linked module again. Engines stay
// for ever, as there are only as many as there are settings. A decoded module stays while a store uses it: it points
// into an object that dlclose may take away once no store does, and another may come to stand at its address.
#include "native/modules.hh"

#include <list>
#include <map>
#include <mutex>

namespace trapeze::native {

namespace {

struct Settings {
  bool is_fast;
  std::size_t stack_size;
  bool operator==(const Settings &) const = default;
};

struct Shared {
  struct Entry {
    Settings settings;
    Engine engine;
  };
  using Key = std::pair<const detail::EngineImpl *, const trapeze_native_module *>;

  std::mutex mutex;
  std::list<Entry> engines;
  std::map<Key, std::weak_ptr<const detail::ModuleImpl>> modules;
};

Shared &shared() {
  static Shared *const all = new Shared; // never destroyed: stores of other static objects may outlive this file's
  return *all;
}

} // namespace

const Engine &engine_for(int unwinder, std::size_t stack_size) {
  const Settings settings{unwinder == TRAPEZE_NATIVE_UNWINDER_FAST, stack_size};
  Shared &all = shared();
  const std::lock_guard lock(all.mutex);
  for (const Shared::Entry &entry : all.engines)
    if (entry.settings == settings)
      return entry.engine;
  Config config;
  config.unwinder(settings.is_fast ? Unwinder::Fast : Unwinder::System).stack_size(stack_size);
  return all.engines.emplace_back(settings, Engine(config)).engine;
}

Module module_for(const Engine &engine, const trapeze_native_module &linked) {
  Shared &all = shared();
  const std::lock_guard lock(all.mutex);
  std::erase_if(all.modules, [](const auto &entry) { return entry.second.expired(); });
  std::weak_ptr<const detail::ModuleImpl> &known = all.modules[{&engine.impl(), &linked}];
  if (std::shared_ptr<const detail::ModuleImpl> module = known.lock())
    return Module(std::move(module));
  Module module = Module::from_native(engine, linked);
  known = module.shared();
  return module;
}

} // namespace trapeze::native
