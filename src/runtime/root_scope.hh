// References that a host call roots until it returns: a suffix of the store's temporary roots.
#pragma once

#include "runtime/value.hh"

#include <vector>

namespace trapeze::runtime {

class RootScope {
public:
  explicit RootScope(std::vector<RawRef> &roots) : roots_(roots), mark_(roots.size()) {}
  ~RootScope() {
    if (roots_.size() != mark_)
      roots_.resize(mark_);
  }
  RootScope(const RootScope &) = delete;
  RootScope &operator=(const RootScope &) = delete;
  void add(RawRef ref) { roots_.push_back(ref); }

private:
  std::vector<RawRef> &roots_;
  usize mark_;
};

} // namespace trapeze::runtime
