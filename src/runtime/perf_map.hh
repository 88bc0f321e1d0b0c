// /tmp/perf-PID.map: `START SIZE NAME` in hexadecimal, a line per compiled function. perf(1) and other samplers read it
// for addresses that belong to no file. One file for the process, whichever engines write to it; lines of code that is
// gone stay, as samples taken in it do.
#pragma once

#include "base/result.hh"

namespace trapeze::runtime {

class Code;

/// Once per process, and again in a child process. Fails when the file cannot be made.
Result<void> open_perf_map();
/// What cannot be written is left out: a profile is no reason to fail.
void append_to_perf_map(const Code &code);

} // namespace trapeze::runtime
