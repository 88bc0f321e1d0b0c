// A WASI program, made ready and started: by `trapeze run` from a file, in a native executable from what is linked into
// it.
#pragma once

#include "trapeze/trapeze.hh"
#include "trapeze/wasi.hh"

#include <string>

namespace trapeze::cli {

/// Runs `_start`, or what a reactor has. Throws Usage if there is nothing to run: `file` and `advice` are for its
/// message.
void start_program(const Instance &instance, const Module &module, const std::string &file, const char *advice = "");

} // namespace trapeze::cli
