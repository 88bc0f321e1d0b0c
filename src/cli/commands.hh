// The subcommands, one file each. Each registers itself with the application and puts into `status` what its work
// ends with; exceptions of the engine pass.
#pragma once

#include "cli/options.hh"

namespace trapeze::cli {

void add_run(CLI::App &app, int &status);
void add_wast(CLI::App &app, int &status);
void add_validate(CLI::App &app, int &status);
void add_cache(CLI::App &app, int &status);
void add_inspect(CLI::App &app, int &status);
void add_compile(CLI::App &app, int &status);
void add_print(CLI::App &app, int &status);
void add_objdump(CLI::App &app, int &status);
void add_doctor(CLI::App &app, int &status);

} // namespace trapeze::cli
