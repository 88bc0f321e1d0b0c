// `trapeze wast`: runs scripts; a line per failure, per file `FILE: N passed, M failed, K skipped`, then the total.
#include "api/script/wast.hh"
#include "api/source/inspect.hh"
#include "cli/commands.hh"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <filesystem>

namespace trapeze::cli {

void add_wast(CLI::App &app, int &status) {
  struct State {
    Options engine;
    api::WastOptions options;
    std::vector<std::string> files;
    std::string save;
  };
  auto state = std::make_shared<State>();
  auto *command = app.add_subcommand("wast", "Run test scripts");
  command->add_option("FILE", state->files, "Scripts; `-` is standard input")->required();
  command->add_flag("--roundtrip", state->options.roundtrip,
                    "Instead of running: print, parse and print again each valid module");
  command->add_option("--save", state->save, "Write each module, compiled, to DIR/<script>.<number>.tpz too")
      ->type_name("DIR");
  state->engine.add_to(*command);
  command->callback([state, &status] {
    Engine engine(state->engine.config());
    api::WastReport total;
    for (const std::string &file : state->files) {
      std::vector<std::uint8_t> bytes = api::read_file(file);
      std::string_view source(reinterpret_cast<const char *>(bytes.data()), bytes.size());
      const std::string stem = std::filesystem::path(file).stem().string();
      state->options.make_module = [&](const Engine &for_engine, std::span<const std::uint8_t> binary,
                                       std::string_view name, std::uint32_t number) {
        Module module = Module::from_binary(for_engine, binary, name);
        if (!state->save.empty())
          module.save(state->save + "/" + stem + "." + std::to_string(number) + ".tpz");
        return module;
      };
      api::WastReport report = api::run_wast(engine, source, file, state->options);
      std::printf("%s%s: %s\n", report.lines.c_str(), file.c_str(), report.counts().c_str());
      std::fflush(stdout);
      total.add(report);
    }
    std::printf("%s\n", total.counts().c_str());
    status = total.is_clean() ? Success : BadInput;
  });
}

} // namespace trapeze::cli
