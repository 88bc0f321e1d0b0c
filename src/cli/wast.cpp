// `trapeze wast`: runs scripts; a line per failure, per file `FILE: N passed, M failed, K skipped`, then the total.
#include "api/script/wast.hh"
#include "api/artifact.hh"
#include "api/source/inspect.hh"
#include "cli/accept.hh"
#include "cli/commands.hh"
#include "link/link.hh"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <filesystem>

namespace trapeze::cli {

void add_wast(CLI::App &app, int &status) {
  struct State {
    Options engine;
    api::WastOptions options;
    std::vector<std::string> files;
    std::string save, emit = "tpz";

    void keep(const Module &module, const std::string &stem, std::uint32_t number) const {
      const std::string path = save + "/" + stem + "." + std::to_string(number);
      if (save.empty())
        return;
      if (emit == "tpz")
        return module.save(path + ".tpz");
      const std::string name = "number_" + std::to_string(number);
      accept(link::link({api::native_object(module, name, false), name, path + ".o", link::Output::Object, {}}));
    }
  };
  auto state = std::make_shared<State>();
  auto *command = app.add_subcommand("wast", "Run test scripts");
  command->add_option("FILE", state->files, "Scripts; `-` is standard input")->required();
  command->add_flag("--roundtrip", state->options.roundtrip,
                    "Instead of running: print, parse and print again each valid module");
  command->add_option("--save", state->save, "Write each module, compiled, to DIR/<script>.<number>.tpz too")
      ->type_name("DIR");
  command
      ->add_option("--emit", state->emit,
                   "With --save: native objects, DIR/<script>.<number>.o, of name number_<number>")
      ->check(CLI::IsMember({"tpz", "obj"}))
      ->type_name("tpz|obj");
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
        state->keep(module, stem, number);
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
