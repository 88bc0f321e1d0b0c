// Stores and instances of trapeze/native.h, over the C++ interface and nothing else.
//
// An export is found by its number, in a vector made with the instance, with the places of its values in a call area: a
// call from C costs two checks and two loops over cells beside what a typed call from C++ costs.
#include "native/interface.hh"
#include "native/modules.hh"
#include "native/objects.hh"
#include "trapeze/wasi.hh"

using namespace trapeze;

namespace trapeze::native {

namespace {

trapeze_native_instance::Export described(const Extern &what) {
  if (what.kind() != ExternKind::Func)
    return {what};
  const FuncType type = what.func().type();
  if (letters(type).find('r') != std::string::npos)
    return {what};
  trapeze_native_instance::Export out{what, what.func(), Layout(type)};
  detail::check_signature(what.func(), type, out.layout.places.data());
  return out;
}

UnknownImports policy_of(int unknown_imports) {
  switch (unknown_imports) {
  case TRAPEZE_NATIVE_IMPORTS_ERROR:
    return UnknownImports::Error;
  case TRAPEZE_NATIVE_IMPORTS_TRAP:
    return UnknownImports::Trap;
  case TRAPEZE_NATIVE_IMPORTS_ZERO:
    return UnknownImports::Zero;
  default:
    wrong_use("unknown_imports is none of TRAPEZE_NATIVE_IMPORTS_...");
  }
}

std::vector<std::string> strings(const char *const *list) {
  std::vector<std::string> out;
  for (; list != nullptr && *list != nullptr; ++list)
    out.emplace_back(*list);
  return out;
}

} // namespace

void wrong_use(std::string message) { throw Error(ErrorKind::Usage, std::move(message)); }

const trapeze_native_instance::Export &export_at(const trapeze_native_instance *instance, std::uint32_t index) {
  if (index >= instance->exports.size())
    wrong_use("there is no export " + std::to_string(index) + ": the module has " +
              std::to_string(instance->exports.size()));
  return instance->exports[index];
}

Extern export_at(const trapeze_native_instance *instance, std::uint32_t index, ExternKind kind) {
  const Extern &what = export_at(instance, index).what;
  if (what.kind() != kind)
    wrong_use("export " + std::to_string(index) + " is a " + to_string(what.kind()) + ", not a " + to_string(kind));
  return what;
}

Linker &linker(trapeze_native_store *store) { return store->linker; }
Instance instance(const trapeze_native_instance *instance) { return instance->instance; }
Caller &caller(trapeze_native_caller *caller) { return caller->caller; }

} // namespace trapeze::native

trapeze_native_instance *trapeze_native_store::handle(const Instance &instance) {
  std::unique_ptr<trapeze_native_instance> &known = instances[instance.raw()];
  if (!known) {
    auto made = std::make_unique<trapeze_native_instance>(this, instance);
    for (const auto &[name, what] : instance.exports()) {
      made->numbers.emplace(name, static_cast<std::uint32_t>(made->exports.size()));
      made->exports.push_back(native::described(what));
    }
    known = std::move(made);
  }
  return known.get();
}

extern "C" {

trapeze_native_store *trapeze_native_store_new(const trapeze_native_options *options) {
  const trapeze_native_options wanted = options != nullptr ? *options : trapeze_native_options();
  if (wanted.unwinder != TRAPEZE_NATIVE_UNWINDER_SYSTEM && wanted.unwinder != TRAPEZE_NATIVE_UNWINDER_FAST)
    native::wrong_use("unwinder is none of TRAPEZE_NATIVE_UNWINDER_...");
  auto store = std::make_unique<trapeze_native_store>(native::engine_for(wanted.unwinder, wanted.stack_size));
  store->linker.unknown_imports(native::policy_of(wanted.unknown_imports));
  return store.release();
}

void trapeze_native_store_delete(trapeze_native_store *store) { delete store; }

void trapeze_native_store_wasi(trapeze_native_store *store, const trapeze_native_wasi *wasi) {
  wasi::Options options;
  if (wasi != nullptr) {
    options.args = native::strings(wasi->args);
    options.env = native::strings(wasi->env);
    for (const std::string &text : native::strings(wasi->preopens))
      options.preopens.push_back(wasi::Preopen::parse(text));
  }
  wasi::define(store->linker, options);
}

void trapeze_native_interrupt(trapeze_native_store *store) { store->store.interrupt_handle().interrupt(); }

trapeze_native_instance *trapeze_native_instantiate(trapeze_native_store *store, const trapeze_native_module *module,
                                                    const char *name, std::uint64_t interface) {
  const Module decoded = native::module_for(store->store.engine(), *module);
  if (interface != 0 && interface != native::interface_of(decoded))
    native::wrong_use((name != nullptr ? "`" + std::string(name) + "`: t" : std::string("t")) +
                      "he header was generated for another module than the one that is linked");
  trapeze_native_instance *instance = store->handle(store->linker.instantiate(decoded));
  if (name != nullptr)
    store->linker.instance(name, instance->instance);
  return instance;
}

void trapeze_native_start(trapeze_native_instance *instance) { wasi::run(instance->instance); }

std::uint32_t trapeze_native_find(const trapeze_native_instance *instance, const char *name) {
  const auto found = instance->numbers.find(name);
  return found == instance->numbers.end() ? UINT32_MAX : found->second;
}

void trapeze_native_call(trapeze_native_instance *instance, std::uint32_t func, trapeze_native_cell *cells,
                         std::size_t count) {
  const trapeze_native_instance::Export &called = native::export_at(instance, func);
  if (!called.func) [[unlikely]]
    native::wrong_use("export " + std::to_string(func) +
                      (called.what.kind() == ExternKind::Func ? " takes or gives references: it is for callers in C++"
                                                              : " is no function"));
  const native::Layout &layout = called.layout;
  if (count < layout.cells) [[unlikely]]
    native::wrong_use("export " + std::to_string(func) + " needs " + std::to_string(layout.cells) +
                      " cells, there are " + std::to_string(count));
  native::Buffer<512> area(layout.area_size);
  layout.put(area.data(), cells, 0, layout.params);
  v1::detail::call_area(called.func, area.data());
  layout.take(area.data(), cells, layout.params, layout.params + layout.results);
}

} // extern "C"
