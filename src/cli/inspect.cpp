// `trapeze inspect`: what a compiled module in a file is, by whom, for what, and whether it would run here.
#include "api/artifact.hh"
#include "cli/commands.hh"

#include <CLI/CLI.hpp>

#include <cstdio>

namespace trapeze::cli {

void add_inspect(CLI::App &app, int &status) {
  auto file = std::make_shared<std::string>();
  auto *command = app.add_subcommand("inspect", "Tell what a compiled module in a file is");
  command->add_option("FILE", *file, "What `trapeze compile -o` wrote")->required();
  command->callback([file, &status] {
    std::fputs(api::describe_artifact(*file).c_str(), stdout);
    status = Success;
  });
}

} // namespace trapeze::cli
