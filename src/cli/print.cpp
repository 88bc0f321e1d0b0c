// `trapeze print`: a module in the text format. Printing what was parsed from it gives the same text. --binary is the
// way back: a text module assembled.
#include "api/source/inspect.hh"
#include "cli/commands.hh"

#include <CLI/CLI.hpp>

#include <cstdio>

namespace trapeze::cli {

void add_print(CLI::App &app, int &status) {
  struct State {
    Options engine;
    std::string file;
    bool binary = false;
  };
  auto state = std::make_shared<State>();
  auto *command = app.add_subcommand("print", "Show a module as text");
  command->alias("wat");
  command->add_option("FILE", state->file, "Module, binary or text; `-` is standard input")->required();
  command->add_flag("--binary", state->binary, "Write it in the binary format instead");
  state->engine.add_to(*command);
  command->callback([state, &status] {
    Engine engine(state->engine.config());
    std::string name = state->file == "-" ? "<stdin>" : state->file;
    std::vector<std::uint8_t> input = api::read_file(state->file);
    if (state->binary) {
      std::vector<std::uint8_t> bytes = api::assemble(engine, input, name);
      std::fwrite(bytes.data(), 1, bytes.size(), stdout);
    } else {
      std::string text = api::print(engine, input, name);
      std::fwrite(text.data(), 1, text.size(), stdout);
    }
    status = Success;
  });
}

} // namespace trapeze::cli
