// run_saved [--unwinder=system] DIR SCRIPT [FEATURE,...]: runs a .wast script whose modules `trapeze wast --save DIR`
// has compiled in another process. This program has no compiler: a module that was not saved cannot run here. Ends with
// the line of counts that `trapeze wast` ends with.
#include "api/script/wast.hh"

#include <cstdio>
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
  api::WastOptions options;
  options.make_module = [&](const Engine &for_engine, std::span<const std::uint8_t>, std::string_view name,
                            std::uint32_t number) {
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
