// `trapeze doctor`: does everything work on this machine? One line per check; what to send with a bug report.
#include "api/source/inspect.hh"
#include "cli/commands.hh"

#include <CLI/CLI.hpp>

#include <cstdio>

namespace trapeze::cli {

void add_doctor(CLI::App &app, int &status) {
  auto *command = app.add_subcommand("doctor", "Check the machine and every way that exceptions go; 0 if all is well");
  command->callback([&status] {
    status = Success;
    for (const api::Check &check : api::self_test()) {
      std::printf("%-5s %s%s%s\n", check.ok ? "ok" : "FAIL", check.name.c_str(), check.text.empty() ? "" : ": ",
                  check.text.c_str());
      if (!check.ok)
        status = BadInput;
    }
  });
}

} // namespace trapeze::cli
