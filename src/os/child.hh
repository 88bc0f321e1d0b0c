// Another program, run to its end, and files that must not outlive us.
//
// Problem: while a linker runs, ^C or a `kill` must leave nothing behind, neither temporary files nor the linker. So
// what would end us waits as long as an EndingWaits lives; run_child hands it on to the child and returns when that has
// gone. What waited takes effect when the object goes.
#pragma once

#include "base/result.hh"

#include <string>
#include <utility>
#include <vector>

namespace trapeze::os {

/// SIGINT, SIGTERM, SIGHUP and SIGQUIT wait. To be made while the process has one thread.
class EndingWaits {
public:
  EndingWaits();
  ~EndingWaits();
  EndingWaits(const EndingWaits &) = delete;
  EndingWaits &operator=(const EndingWaits &) = delete;

private:
  bool was_waiting_;
};

/// Runs `arguments[0]`, sought in PATH, and returns its exit status; 128 + n: ended by signal n. Under an EndingWaits.
Result<int> run_child(const std::vector<std::string> &arguments);

/// Whether a program of that name is in PATH, or there if it names a path.
bool is_program(const std::string &name);

/// A folder that goes, with all it holds, with this object.
class TemporaryFolder {
public:
  static Result<TemporaryFolder> make();
  /// Of the same file system as the file, so that what it holds can be renamed to it.
  static Result<TemporaryFolder> make_beside(const std::string &file);
  ~TemporaryFolder();
  TemporaryFolder(TemporaryFolder &&other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFolder &operator=(TemporaryFolder &&) = delete;
  const std::string &path() const { return path_; }

private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

} // namespace trapeze::os
