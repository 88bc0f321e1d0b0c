// Code that runs where a linker has put it: two objects in one program, both unwinders.
//
//   in_place              every check; ends with 'N passed, M failed'
//
// It is linked against libtrapeze_native.a, as users do, and looks behind the API only to see where code lies.
#include "api/impl.hh"
#include "trapeze/trapeze.hh"

#include <cstdio>
#include <stdexcept>
#include <thread>

extern "C" const trapeze_native_module throws_module, other_module, trapeze_main_module;

namespace {

using namespace trapeze;

int passed = 0, failed = 0;

void check(bool fine, const char *what, const char *unwinder = "") {
  ++(fine ? passed : failed);
  if (!fine)
    std::printf("FAIL %s %s\n", what, unwinder);
}

const void *place_of_code(const trapeze_native_module &native) {
  const auto &header = reinterpret_cast<const image::ArtifactHeader &>(native);
  return reinterpret_cast<const char *>(&native) + header.place(image::Table::Code).offset;
}

bool is_in_place(const Module &module, const trapeze_native_module &native) {
  return module.impl().code->base() == place_of_code(native);
}

struct Guest {
  Engine engine;
  Module module;
  Store store;
  Linker linker;
  Instance instance;
  Instance instantiate() {
    linker.func("host", "call_back", [this](std::int32_t value) {
      if (value < 0)
        throw std::runtime_error("host");
      instance.func("throw").typed<void(std::int32_t)>()(value);
    });
    return linker.instantiate(module);
  }
  Guest(const Config &config, const trapeze_native_module &native = throws_module)
      : engine(config), module(Module::from_native(engine, native)), store(engine), linker(store),
        instance(instantiate()) {}
  std::int32_t call(const char *name, std::int32_t a) {
    return instance.func(name).typed<std::int32_t(std::int32_t)>()(a);
  }
  std::int32_t call(const char *name, std::int32_t a, std::int32_t b) {
    return instance.func(name).typed<std::int32_t(std::int32_t, std::int32_t)>()(a, b);
  }
};

template <typename F> std::string trap_of(F &&f) {
  try {
    f();
  } catch (const Trap &trap) {
    return trap.frames().empty() ? "no frames" : trap.message() + " in " + trap.frames().front().function;
  }
  return "no trap";
}

void throws_and_traps(Guest &guest, const char *unwinder) {
  check(guest.call("catch", 0, 7) == 7, "catch", unwinder);
  check(guest.call("catch", 1000, 8) == 8, "catch over 1000 frames", unwinder);
  check(guest.call("rethrow", 9) == 9, "rethrow", unwinder);
  check(guest.call("catch_from_host", 10) == 10, "wasm, host, wasm", unwinder);
  check(guest.call("catch_from_host", -1) == -2, "a C++ exception is caught", unwinder);
  try {
    guest.instance.func("pass_from_host").typed<void(std::int32_t)>()(-1);
    check(false, "a C++ exception passes", unwinder);
  } catch (const std::runtime_error &error) {
    check(std::string_view(error.what()) == "host", "a C++ exception passes", unwinder);
  }
  try {
    guest.instance.func("throw").typed<void(std::int32_t)>()(11);
    check(false, "uncaught", unwinder);
  } catch (const Exception &exception) {
    check(!exception.frames().empty() && exception.frames().front().function == "throw", "uncaught", unwinder);
  }
  check(trap_of([&] { guest.call("load", 65536); }) == "out of bounds memory access in load", "a fault", unwinder);
  check(trap_of([&] { guest.call("load_guarded", -4); }) == "out of bounds memory access in load", "a fault, guarded",
        unwinder);
  check(guest.call("load", 65532) == 0, "a load", unwinder);
  check(trap_of([&] { guest.call("divide", 1, 0); }) == "integer divide by zero in divide", "division", unwinder);
  check(trap_of([&] { guest.call("overflow", 1); }).starts_with("call stack exhausted"), "stack overflow", unwinder);
  check(guest.instance.func("constant").typed<double()>()() == -4.5, "constants are aligned", unwinder);
}

void on(Unwinder which, const char *name) {
  Config config;
  config.unwinder(which);
  Guest first(config);
  check(is_in_place(first.module, throws_module), "the first stays in place", name);
  throws_and_traps(first, name);

  Guest second(config); // of another engine
  check(!is_in_place(second.module, throws_module), "the second is a copy", name);
  throws_and_traps(second, name);

  Guest other(config, other_module);
  check(is_in_place(other.module, other_module), "another object stays in place", name);
  check(other.call("catch", 5) == 1005, "another object's tags", name);
  std::thread([&] {
    Guest in_thread(config);
    throws_and_traps(in_thread, name);
  }).join();
}

void places_are_reused(int times) {
  for (int i = 0; i < times; ++i) {
    Engine engine;
    const Module module = Module::from_native(engine, throws_module);
    if (!is_in_place(module, throws_module))
      return check(false, "a place is used again");
  }
  check(true, "a place is used again");
}

template <typename F> std::optional<v1::ErrorKind> error_of(F &&f) {
  try {
    f();
  } catch (const v1::Error &error) {
    return error.kind();
  }
  return std::nullopt;
}

void refusals() {
  Engine engine;
  const std::uint8_t key[16] = {};
  check(error_of([&] { Module::from_native(engine, throws_module, {.key = key}); }) == v1::ErrorKind::Usage, "no key");
  check(Module::from_native(engine, throws_module, {.verify = true}).exports().size() > 5, "its content is verified");
  check(error_of([&] { Module::from_native(engine, throws_module).save(); }) == v1::ErrorKind::Usage,
        "cannot be saved");
  image::ArtifactHeader copy = reinterpret_cast<const image::ArtifactHeader &>(throws_module);
  auto refused = [&] { // the tables are far from here, but the header is refused before
    return error_of([&] { Module::from_native(engine, reinterpret_cast<const trapeze_native_module &>(copy)); });
  };
  copy.settings.features ^= 1;
  check(refused() == v1::ErrorKind::Malformed, "a changed header");
  copy = {};
  check(refused() == v1::ErrorKind::Malformed || refused() == v1::ErrorKind::Unsupported, "an empty header");
}

} // namespace

int main() {
  check(&trapeze_main_module == &throws_module || &trapeze_main_module == &other_module,
        "one of them is the main module");
  on(Unwinder::Fast, "fast");
  on(Unwinder::System, "system");
  places_are_reused(200);
  refusals();
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed != 0;
}
