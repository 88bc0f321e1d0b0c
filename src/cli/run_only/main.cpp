// `trapeze-run [OPTIONS] FILE [ARG...]`: `trapeze run` for compiled modules, without any compiler in the program.
#include "cli/commands.hh"

#include <CLI/CLI.hpp>

#include <cstdio>

namespace trapeze::cli {

namespace {

int command_line(int argc, char **argv) {
  CLI::App app("Trapeze without compilers: runs what `trapeze compile -o` wrote.", "trapeze-run");
  app.set_version_flag("--version", "trapeze-run " + std::string(version()));
  app.require_subcommand(0, 1);
  int status = Success;
  add_run(app, status);
  std::vector<std::string> args(argv + 1, argv + argc);
  if (args.empty() || args.front() != "--version")
    args.insert(args.begin(), args.empty() ? "--help" : "run");
  std::reverse(args.begin(), args.end()); // CLI11 takes the last one first
  try {
    app.parse(args);
    return status;
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? Success : WrongUsage;
  } catch (...) {
    return report_current_exception();
  }
}

} // namespace

} // namespace trapeze::cli

int main(int argc, char **argv) { return trapeze::cli::command_line(argc, argv); }
