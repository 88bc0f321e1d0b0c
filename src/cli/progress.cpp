#include "cli/progress.hh"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>

#include <unistd.h>

namespace trapeze::cli {

namespace {

constexpr auto patience = std::chrono::milliseconds(500), interval = std::chrono::milliseconds(200);
constexpr const char *clear_line = "\r\033[K";

} // namespace

std::string progress_text(std::uint32_t done, std::uint32_t total, double seconds) {
  std::string text = fmt::format("{} of {} functions", done, total);
  if (done != 0 && seconds > 0) {
    const double rate = done / seconds;
    text += fmt::format(", {:.0f} a second, {:.1f} s left", rate, (total - done) / rate);
  }
  return text;
}

ProgressLine::ProgressLine(const CompileProgress &progress) : progress_(progress) {
  if (isatty(STDERR_FILENO))
    thread_ = std::thread([this] { show_until_done(); });
}

ProgressLine::~ProgressLine() {
  if (!thread_.joinable())
    return;
  {
    std::lock_guard lock(mutex_);
    is_done_ = true;
  }
  done_.notify_one();
  thread_.join();
}

void ProgressLine::show_until_done() {
  const auto begin = std::chrono::steady_clock::now();
  bool has_shown = false;
  std::unique_lock lock(mutex_);
  for (auto wait = patience; !done_.wait_for(lock, wait, [&] { return is_done_; }); wait = interval) {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin;
    const std::uint32_t done = progress_.done.load(), total = progress_.total.load();
    if (total == 0)
      continue;
    std::fputs((clear_line + progress_text(std::min(done, total), total, passed.count())).c_str(), stderr);
    has_shown = true;
  }
  if (has_shown)
    std::fputs(clear_line, stderr);
}

} // namespace trapeze::cli
