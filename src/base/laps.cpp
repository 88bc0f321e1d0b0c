#include "base/laps.hh"

#include <chrono>

namespace trapeze::base {
namespace {

u64 now() {
  return static_cast<u64>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

} // namespace

void Laps::start() { begin_ = now(); }

void Laps::lap(std::string_view pass) {
  const u64 end = now();
  row(pass).nanoseconds += end - begin_;
  begin_ = end;
}

void Laps::add(const Laps &other) {
  for (const Row &r : other.rows_)
    row(r.pass).nanoseconds += r.nanoseconds;
}

Laps::Row &Laps::row(std::string_view pass) {
  for (usize tried = 0; tried < rows_.size(); ++tried) {
    const usize at = next_ < rows_.size() ? next_ : 0;
    next_ = at + 1;
    if (rows_[at].pass == pass)
      return rows_[at];
  }
  rows_.push_back({pass, 0});
  next_ = rows_.size();
  return rows_.back();
}

} // namespace trapeze::base
