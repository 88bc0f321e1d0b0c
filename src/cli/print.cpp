// `trapeze print`: a module in the text format. Printing what was parsed from it gives the same text.
#include "api/inspect.hh"
#include "cli/commands.hh"

#include <CLI/CLI.hpp>

#include <cstdio>

namespace trapeze::cli {

void add_print(CLI::App &app, int &status) {
  struct State {
    Options engine;
    std::string file;
  };
  auto state = std::make_shared<State>();
  auto *command = app.add_subcommand("print", "Show a module as text");
  command->alias("wat");
  command->add_option("FILE", state->file, "Module, binary or text; `-` is standard input")->required();
  state->engine.add_to(*command);
  command->callback([state, &status] {
    Engine engine(state->engine.config());
    std::string text = api::print(engine, api::read_file(state->file), state->file == "-" ? "<stdin>" : state->file);
    std::fwrite(text.data(), 1, text.size(), stdout);
    status = Success;
  });
}

} // namespace trapeze::cli
