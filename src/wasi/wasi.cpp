// Registration: functions.def turned into host functions. The wrapper around each function finds the guest's memory
// and turns Failure into the result; anything else that is thrown (Exit) passes.
#include "trapeze/wasi.hh"

#include "wasi/functions.hh"

namespace trapeze::wasi {

namespace {

constexpr const char *module_name = "wasi_snapshot_preview1";

template <auto F> struct Wrapper;

template <typename... Args, void (*F)(Context &, Guest &, Args...)> struct Wrapper<F> {
  static void define(Linker &linker, const char *name, const std::shared_ptr<Context> &context) {
    linker.func(module_name, name, [context](Caller &caller, Args... args) -> std::int32_t {
      try {
        Memory memory = context->memory_of(caller);
        Guest guest(memory ? memory.view() : std::span<u8>());
        F(*context, guest, args...);
        return 0;
      } catch (const Failure &failure) {
        return static_cast<std::int32_t>(failure.code);
      }
    });
  }
};

/// The one function without a result.
template <> struct Wrapper<&proc_exit> {
  static void define(Linker &linker, const char *name, const std::shared_ptr<Context> &) {
    linker.func(module_name, name, [](std::uint32_t status) { throw Exit(static_cast<std::int32_t>(status)); });
  }
};

} // namespace

Preopen Preopen::parse(const std::string &text) {
  const std::size_t colons = text.find("::");
  return colons == std::string::npos ? Preopen{text, text} : Preopen{text.substr(0, colons), text.substr(colons + 2)};
}

void define(Linker &linker, const Options &options) {
  auto context = std::make_shared<Context>(options);
#define WASI(name) Wrapper<&name>::define(linker, #name, context);
#include "wasi/functions.def"
}

void run(const Instance &instance) {
  for (const char *name : {"_start", "_initialize"})
    if (Func entry = instance.find(name).func()) {
      entry.call();
      return;
    }
}

} // namespace trapeze::wasi
