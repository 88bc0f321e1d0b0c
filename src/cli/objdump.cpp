// `trapeze objdump`: what a module becomes, as a person reads it. -d: its machine code.
#include "api/inspect.hh"
#include "cli/commands.hh"

#include <CLI/CLI.hpp>

#include <cstdio>

namespace trapeze::cli {

namespace {

struct ObjdumpOptions {
  Options engine;
  std::string file;
  bool code = false;
};

int objdump(const ObjdumpOptions &options) {
  if (!options.code)
    throw Error(ErrorKind::Usage, "nothing to show: give -d");
  Engine engine(options.engine.config());
  std::vector<std::uint8_t> input = api::read_file(options.file);
  std::string name = options.file == "-" ? "<stdin>" : options.file;
  auto show = [](const std::string &text) { std::fwrite(text.data(), 1, text.size(), stdout); };
  if (options.code)
    show(api::disassemble(engine, input, name));
  return Success;
}

} // namespace

void add_objdump(CLI::App &app, int &status) {
  auto options = std::make_shared<ObjdumpOptions>();
  auto *command = app.add_subcommand("objdump", "Compile a module and show its machine code and tables");
  command->add_option("FILE", options->file, "Module, binary or text; `-` is standard input")->required();
  command->add_flag("-d,--disassemble", options->code,
                    "Machine code, with offsets in the module, names, regions, pads and traps");
  options->engine.add_to(*command);
  command->callback([options, &status] { status = objdump(*options); });
}

} // namespace trapeze::cli
