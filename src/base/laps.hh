// Where a compiler's time goes: a stopwatch whose laps are added up by name. One per thread; sums of several are added.
#pragma once

#include "base/types.hh"

#include <span>
#include <string_view>
#include <vector>

namespace trapeze::base {

class Laps {
public:
  struct Row {
    std::string_view pass; ///< "group/pass"
    u64 nanoseconds;
  };

  /// The next lap begins now.
  void start();
  /// What has passed since the last lap, or the start, is time of `pass` (whose characters outlive the laps).
  void lap(std::string_view pass);
  void add(const Laps &other);
  /// In the order in which passes were first seen.
  std::span<const Row> rows() const { return rows_; }

private:
  Row &row(std::string_view pass);

  std::vector<Row> rows_;
  usize next_ = 0; ///< passes come in the same order again and again
  u64 begin_ = 0;
};

/// For code that is timed only when somebody asks: null means nobody.
inline void lap(Laps *laps, std::string_view pass) {
  if (laps)
    laps->lap(pass);
}

} // namespace trapeze::base
