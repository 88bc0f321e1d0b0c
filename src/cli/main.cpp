// The command line: `trapeze COMMAND ...`, and `trapeze FILE ...` for `trapeze run FILE ...`.
#include "cli/commands.hh"

#include <CLI/CLI.hpp>

#include <cstdio>

namespace trapeze::cli {

namespace {

constexpr const char *examples = R"(Examples:
  trapeze app.wasm arg1 arg2                  run a WASI program
  trapeze run --dir data::/data app.wasm      let it see ./data as /data
  trapeze run --invoke add math.wat 1 2       call an exported function
  trapeze wast tests/*.wast                   run test scripts
  trapeze validate a.wasm b.wat               check modules
  trapeze compile --stop-after=opt a.wasm     show the optimised intermediate code
  trapeze compile a.wasm -o a.tpz             compile now, run later: trapeze run a.tpz
  trapeze inspect a.tpz                       what a compiled module is, and for whom
  trapeze print a.wasm > a.wat                show a module as text
  trapeze objdump -d a.wasm                   show its machine code
  trapeze doctor                              check that everything works on this machine
  trapeze objdump --eh a.wasm                 show its exception tables

Exit status: the program's own; 1 for bad input, 2 for wrong usage, 134 for a trap or an uncaught exception.)";

std::string feature_list() {
  std::string out = "Features (* is on by default):\n";
  for (const FeatureInfo &info : features()) {
    char line[160];
    std::snprintf(line, sizeof line, "  %c %-24.*s %.*s\n", info.on_by_default ? '*' : ' ',
                  static_cast<int>(info.name.size()), info.name.data(), static_cast<int>(info.title.size()),
                  info.title.data());
    out += line;
  }
  return out;
}

/// Without a command, `run` is meant.
std::vector<std::string> with_command(CLI::App &app, int argc, char **argv) {
  std::vector<std::string> args(argv + 1, argv + argc);
  static constexpr std::string_view own[] = {"-h", "--help", "--version", "--features"};
  bool is_own = std::find(std::begin(own), std::end(own), args.front()) != std::end(own);
  bool is_command = false;
  for (CLI::App *command : app.get_subcommands({}))
    is_command |= command->check_name(args.front());
  if (!is_own && !is_command)
    args.insert(args.begin(), "run");
  return args;
}

int command_line(int argc, char **argv) {
  CLI::App app("Trapeze, a WebAssembly engine.", "trapeze");
  app.footer(examples);
  app.set_version_flag("--version", "trapeze " + std::string(version()));
  app.add_flag_callback(
      "--features", [] { throw CLI::Success(); }, "List the features that --enable and --disable take");
  app.require_subcommand(0, 1);
  int status = Success;
  add_run(app, status);
  add_wast(app, status);
  add_validate(app, status);
  add_compile(app, status);
  add_inspect(app, status);
  add_cache(app, status);
  add_print(app, status);
  add_objdump(app, status);
  add_doctor(app, status);

  if (argc < 2) {
    std::fputs(app.help().c_str(), stderr);
    return WrongUsage;
  }
  std::vector<std::string> args = with_command(app, argc, argv);
  if (args.front() == "--features") {
    std::fputs(feature_list().c_str(), stdout);
    return Success;
  }
  std::reverse(args.begin(), args.end()); // CLI11 takes the last one first
  try {
    app.parse(args);
    return status;
  } catch (const CLI::ParseError &error) {
    int code = app.exit(error);
    return code == 0 ? Success : WrongUsage;
  } catch (...) {
    return report_current_exception();
  }
}

} // namespace

} // namespace trapeze::cli

int main(int argc, char **argv) { return trapeze::cli::command_line(argc, argv); }
