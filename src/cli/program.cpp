#include "cli/program.hh"

namespace trapeze::cli {

wasi::Preopen preopen(const std::string &text) {
  std::size_t colons = text.find("::");
  if (colons == std::string::npos)
    return {text, text};
  return {text.substr(0, colons), text.substr(colons + 2)};
}

void start_program(const Instance &instance, const Module &module, const std::string &file, const char *advice) {
  if (!instance.find("_start").func() && !instance.find("_initialize").func() && !module.has_start())
    throw Error(ErrorKind::Usage, "`" + file + "` has no `_start` to run" + advice);
  wasi::run(instance);
}

} // namespace trapeze::cli
