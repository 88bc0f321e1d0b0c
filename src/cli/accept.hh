// Results of the engine's inner rooms as errors of the API.
#pragma once

#include "base/result.hh"
#include "trapeze/trapeze.hh"

namespace trapeze::cli {

inline void accept(const base::Result<void> &result) {
  if (!result)
    throw v1::Error(static_cast<v1::ErrorKind>(result.error().kind), result.error().message);
}

} // namespace trapeze::cli
