// Compiled modules only.
#include "cli/load.hh"

namespace trapeze::cli {

const char *const run_usage = "trapeze-run";

Module load_module(const Engine &engine, const std::string &file, const LoadChecks &checks) {
  if (!is_saved_file(file))
    throw Error(ErrorKind::Unsupported,
                file + ": not a compiled module; this program has no compiler (trapeze compile FILE -o OUT makes one)");
  return load_saved(engine, file, checks);
}

} // namespace trapeze::cli
