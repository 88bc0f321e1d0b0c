// Reads the text that ir/print writes: tests of later stages begin from it, and a bug report is one.
// The syntax is in print.hh. What it does not check, `verify` does.
#pragma once

#include "base/result.hh"
#include "ir/function.hh"

#include <string_view>

namespace trapeze::ir {

Result<void> parse(std::string_view text, Function &out);

} // namespace trapeze::ir
