// `trapeze run`: a compiled module is told by its first bytes; anything else is compiled. With a key nothing else runs.
#include "cli/load.hh"

namespace trapeze::cli {

const char *const run_usage = "trapeze run";

Module load_module(const Engine &engine, const std::string &file, const LoadChecks &checks) {
  if (is_saved_file(file))
    return load_saved(engine, file, checks);
  if (!checks.key.empty())
    throw Error(ErrorKind::Unsupported, file + ": not a compiled module, and --key allows sealed ones only");
  return Module::from_file(engine, file);
}

} // namespace trapeze::cli
