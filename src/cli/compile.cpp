// `trapeze compile -o OUT`: the compiled module as a file. `--stop-after=STAGE`: what the compiler has made of a module
// after a stage; `--time-passes`: how long each took.
#include "api/source/inspect.hh"
#include "cli/commands.hh"
#include "cli/load.hh"
#include "cli/progress.hh"

#include <CLI/CLI.hpp>

#include <cstdio>

namespace trapeze::cli {

void add_compile(CLI::App &app, int &status) {
  struct State {
    Options engine;
    std::string file, stage = "emit", output, key;
    bool times = false;
  };
  auto state = std::make_shared<State>();
  auto *command = app.add_subcommand("compile", "Compile a module into a file, or show a stage of it");
  command->add_option("FILE", state->file, "Module, binary or text; `-` is standard input")->required();
  std::vector<std::string> stages(api::stage_names().begin(), api::stage_names().end());
  command->add_option("--stop-after", state->stage, "Stage to show: " + CLI::detail::join(stages, ", "))
      ->check(CLI::IsMember(stages))
      ->type_name("STAGE");
  command->add_flag("--time-passes", state->times, "Show instead how long each stage took, summed over threads");
  command->add_option("-o,--output", state->output, "Write the compiled module here: `trapeze run` takes it")
      ->type_name("OUT");
  command->add_option("--key", state->key, "Seal it with the bytes of this file: `run --key` takes nothing else")
      ->type_name("FILE");
  state->engine.add_to(*command);
  command->callback([state, &status] {
    Engine engine(state->engine.config());
    if (!state->output.empty()) {
      const std::vector<std::uint8_t> key = state->key.empty() ? std::vector<std::uint8_t>() : read_key(state->key);
      const auto module = [&] {
        const ProgressLine line(*engine.config().progress);
        return Module::from_file(engine, state->file);
      }();
      module.save(state->output, key);
      status = Success;
      return;
    }
    if (!state->key.empty())
      throw Error(ErrorKind::Usage, "--key seals what -o writes: give both");
    const std::vector<std::uint8_t> input = api::read_file(state->file);
    const std::string name = state->file == "-" ? "<stdin>" : state->file;
    std::string text =
        state->times ? api::time_passes(engine, input, name) : api::dump(engine, input, name, state->stage);
    std::fwrite(text.data(), 1, text.size(), stdout);
    status = Success;
  });
}

} // namespace trapeze::cli
