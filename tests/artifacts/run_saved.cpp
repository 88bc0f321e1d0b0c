// run_saved [--unwinder=system] DIR SCRIPT [FEATURE,...]: runs a .wast script whose modules `trapeze wast --save DIR`
// has compiled in another process. This program has no compiler: a module that was not saved cannot run here. Ends with
// the line of counts that `trapeze wast` ends with. DIR may be a shared library of the script's modules instead
// (`trapeze wast --save --emit=obj`, linked): then their code runs where the library is.
#include "api/script/wast.hh"

#include <cstdio>
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

using namespace trapeze;

int main(int argc, char **argv) {
  Config config;
  int at = 1;
  if (at < argc && std::string(argv[at]) == "--unwinder=system") {
    config.unwinder(Unwinder::System);
    ++at;
  }
  if (argc - at < 2)
    return std::fputs("usage: run_saved [--unwinder=system] DIR SCRIPT [FEATURE,...]\n", stderr), 2;
  const std::filesystem::path folder = argv[at], script = argv[at + 1];
  if (argc - at > 2)
    config.enable(argv[at + 2]);
  std::ifstream in(script, std::ios::binary);
  std::ostringstream source;
  source << in.rdbuf();
  const std::string text = source.str();
  Engine engine(config);
  void *library = std::filesystem::is_directory(folder) ? nullptr : dlopen(folder.c_str(), RTLD_NOW);
  auto linked = [&](const Engine &for_engine, std::string_view name, std::uint32_t number) {
    const void *native = dlsym(library, ("number_" + std::to_string(number) + "_module").c_str());
    if (native == nullptr)
      throw Error(ErrorKind::Unsupported, "module " + std::to_string(number) + " was not linked");
    LoadOptions load;
    load.name = name;
    return Module::from_native(for_engine, *static_cast<const trapeze_native_module *>(native), load);
  };
  api::WastOptions options;
  options.make_module = [&](const Engine &for_engine, std::span<const std::uint8_t>, std::string_view name,
                            std::uint32_t number) {
    if (library != nullptr)
      return linked(for_engine, name, number);
    const std::filesystem::path file = folder / (script.stem().string() + "." + std::to_string(number) + ".tpz");
    if (!std::filesystem::exists(file)) // the compiler refused it there
      throw Error(ErrorKind::Unsupported, file.string() + " was not saved");
    LoadOptions load;
    load.name = name;
    return Module::load(for_engine, file.string(), load);
  };
  const api::WastReport report = api::run_wast(engine, text, script.string(), options);
  std::printf("%s%s\n", report.lines.c_str(), report.counts().c_str());
  return report.is_clean() ? 0 : 1;
}
