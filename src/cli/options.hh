// What all commands share: the engine's options, the form of messages, exit statuses.
#pragma once

#include "trapeze/trapeze.hh"

#include <cstdint>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace trapeze::cli {

/// Exit statuses; a program's own stands for itself.
enum Status : int { Success = 0, BadInput = 1, WrongUsage = 2, Aborted = 134 };

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

/// Whether messages on standard error are coloured.
bool wants_colour();

/// Prints what ended a command and returns the exit status for it. To be called inside a catch block. With the
/// program's memory it also tells what a C++ program threw.
int report_current_exception(const Memory &memory = {});

} // namespace trapeze::cli
