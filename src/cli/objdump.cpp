// `trapeze objdump`: what a module becomes, as a person reads it. -d: its machine code; --eh: the tables of the
// system's unwinder.
#include "api/source/inspect.hh"
#include "cli/commands.hh"

#include <CLI/CLI.hpp>

#include <cstdio>

namespace trapeze::cli {

namespace {

struct ObjdumpOptions {
  Options engine;
  std::string file;
  bool code = false, eh = false;
};

int objdump(const ObjdumpOptions &options) {
  if (!options.code && !options.eh)
    throw Error(ErrorKind::Usage, "nothing to show: give -d or --eh");
  Engine engine(options.engine.config());
  std::vector<std::uint8_t> input = api::read_file(options.file);
  std::string name = options.file == "-" ? "<stdin>" : options.file;
  auto show = [](const std::string &text) { std::fwrite(text.data(), 1, text.size(), stdout); };
  if (options.code)
    show(api::disassemble(engine, input, name));
  if (options.eh)
    show(api::list_unwind_tables(engine, input, name));
  return Success;
}

} // namespace

void add_objdump(CLI::App &app, int &status) {
  auto options = std::make_shared<ObjdumpOptions>();
  auto *command = app.add_subcommand("objdump", "Compile a module and show its machine code and tables");
  command->add_option("FILE", options->file, "Module, binary or text; `-` is standard input")->required();
  command->add_flag("-d,--disassemble", options->code,
                    "Machine code, with offsets in the module, names, regions, pads and traps");
  command->add_flag("--eh", options->eh, "Exception tables: regions, call sites, LSDA and call frame information");
  command->footer("Examples:\n"
                  "  trapeze objdump -d app.wasm       machine code beside the Wasm it came from\n"
                  "  trapeze objdump --eh app.wasm     where each call goes when it throws; a call site reads\n"
                  "    call-site wasm 0x49 code +0x27 -> pad +0x4c catch $e\n"
                  "  i.e. the call at byte 0x49 of the module returns to +0x27 of the code; an exception with the\n"
                  "  tag $e goes on at +0x4c.");
  options->engine.add_to(*command);
  command->callback([options, &status] { status = objdump(*options); });
}

} // namespace trapeze::cli
