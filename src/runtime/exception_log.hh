// TRAPEZE_LOG=eh: each throw, each frame visited, each decision, on standard error. The log walks on its own beside the
// real search, so that the search has nothing of it.
#pragma once

#include "base/types.hh"

namespace trapeze::runtime {

class Store;

/// Read from the environment when the first engine is made.
extern bool logs_exceptions;
void read_log_settings();

/// Before the search from the stub frame `stub_fp`, with tag and payload in flight.
void log_throw(Store &store, u64 stub_fp);

} // namespace trapeze::runtime
