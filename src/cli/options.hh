// What all commands share: the engine's options.
#pragma once

#include "cli/report.hh"

#include <cstdint>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace trapeze::cli {

struct Options {
  std::vector<std::string> enable, disable;
  std::uint32_t threads = 0;
  std::string unknown_imports = "error";
  std::string unwinder = "fast", cpu = "native";
  std::uint64_t stack_size = 0; ///< 0: the default
  std::string opt_level = "2";
  bool verify = false;
  bool interruptible = false;
  bool debug_info = false;
  std::string profile;

  /// Registers them with a command.
  void add_to(CLI::App &command);
  Config config() const;
  UnknownImports unknown_imports_policy() const;
};

} // namespace trapeze::cli
