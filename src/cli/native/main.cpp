// The `main` of a native executable (`trapeze compile --emit=exe`): runs the module that is linked into it as a WASI
// program, as `trapeze run` would. A member of libtrapeze_native.a of its own, so that a program with its own main gets
// nothing of it.
//
// All arguments are the program's, and so is the environment but for TRAPEZE_DIR=HOST::GUEST,..., the directories it
// may use. Exceptions go through the platform's unwinder unless the object was compiled with --unwinder=fast.
#include "api/artifact.hh"
#include "cli/program.hh"
#include "cli/report.hh"

#include <unistd.h>

/// Of the first object linked, by the weak name that each has.
extern "C" const trapeze_native_module trapeze_main_module;

namespace trapeze::cli {

namespace {

constexpr std::string_view dirs_variable = "TRAPEZE_DIR=";

wasi::Options wasi_options(int argc, char **argv) {
  wasi::Options out;
  out.args.assign(argv, argv + argc);
  for (char **entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (!text.starts_with(dirs_variable)) {
      out.env.emplace_back(text);
      continue;
    }
    for (std::size_t at = dirs_variable.size(); at < text.size();) {
      const std::size_t end = std::min(text.find(',', at), text.size());
      if (end != at)
        out.preopens.push_back(wasi::Preopen::parse(std::string(text.substr(at, end - at))));
      at = end + 1;
    }
  }
  return out;
}

int run(int argc, char **argv) {
  const std::string name = argc > 0 ? argv[0] : "program";
  Config config;
  config.unwinder(api::prefers_fast_unwinder(trapeze_main_module) ? Unwinder::Fast : Unwinder::System);
  Engine engine(config);
  Module module = Module::from_native(engine, trapeze_main_module, {.key = {}, .verify = false, .name = name});
  Store store(engine);
  Linker linker(store);
  wasi::define(linker, wasi_options(argc, argv));
  Instance instance = linker.instantiate(module);
  try {
    start_program(instance, module, name);
  } catch (const Exception &) {
    return report_current_exception(instance.find("memory").memory());
  }
  return Success;
}

} // namespace

} // namespace trapeze::cli

int main(int argc, char **argv) {
  try {
    return trapeze::cli::run(argc, argv);
  } catch (...) {
    return trapeze::cli::report_current_exception();
  }
}
