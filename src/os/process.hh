// What the engine asks about the process it is in.
#pragma once

#include "base/types.hh"

namespace trapeze::os {

u64 process_id();

/// Whether a debugger (or another tracer) is attached to the process now.
bool is_traced();

/// Opens /tmp/perf-PID.map for appending and returns its descriptor, -1: `errno` says why. A file that is there is left
/// over from another process of that number; it is replaced, and never followed if it is a link.
int create_perf_map();
/// All bytes, at the end of the file. False: not written.
bool append(int descriptor, const char *bytes, usize size);

} // namespace trapeze::os
