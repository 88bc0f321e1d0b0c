// A line on the terminal while a long compilation goes on.
#pragma once

#include "trapeze/trapeze.hh"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace trapeze::cli {

/// Functions done, rate and time left, on standard error, from half a second on and until it is destroyed; nothing if
/// that is no terminal.
class ProgressLine {
public:
  explicit ProgressLine(const CompileProgress &progress);
  ~ProgressLine();
  ProgressLine(const ProgressLine &) = delete;
  ProgressLine &operator=(const ProgressLine &) = delete;

private:
  void show_until_done();

  const CompileProgress &progress_;
  std::mutex mutex_;
  std::condition_variable done_;
  bool is_done_ = false;
  std::thread thread_; ///< last: it uses the others
};

/// `  1200 of 5000 functions, 3000 a second, 1.3 s left`; without a rate while there is none.
std::string progress_text(std::uint32_t done, std::uint32_t total, double seconds);

} // namespace trapeze::cli
