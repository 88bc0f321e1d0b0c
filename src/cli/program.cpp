#include "cli/program.hh"

namespace trapeze::cli {

void start_program(const Instance &instance, const Module &module, const std::string &file, const char *advice) {
  if (!instance.find("_start").func() && !instance.find("_initialize").func() && !module.has_start())
    throw Error(ErrorKind::Usage, "`" + file + "` has no `_start` to run" + advice);
  wasi::run(instance);
}

} // namespace trapeze::cli
