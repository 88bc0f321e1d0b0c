// `trapeze validate`: says nothing about good modules and shows the first error of each bad one.
#include "api/source/inspect.hh"
#include "cli/commands.hh"

#include <CLI/CLI.hpp>

namespace trapeze::cli {

void add_validate(CLI::App &app, int &status) {
  struct State {
    Options engine;
    std::vector<std::string> files;
  };
  auto state = std::make_shared<State>();
  auto *command = app.add_subcommand("validate", "Check modules");
  command->add_option("FILE", state->files, "Modules, binary or text; `-` is standard input")->required();
  state->engine.add_to(*command);
  command->callback([state, &status] {
    Engine engine(state->engine.config());
    for (const std::string &file : state->files)
      try {
        Module::validate(engine, api::read_file(file), file == "-" ? "<stdin>" : file);
      } catch (const Error &) {
        status = report_current_exception();
      }
  });
}

} // namespace trapeze::cli
