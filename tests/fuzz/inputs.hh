// What the fuzzers and the hostile-input test do with one input: everything an engine does before it runs it.
// Each stage may refuse the input with an Error; nothing may crash, hang or break an invariant, and what one
// stage accepts must satisfy the next one's checks (IR verifier, allocation checker, print -> parse -> print).
#pragma once

#include "base/types.hh"

#include <span>
#include <string_view>

namespace trapeze::fuzz {

/// Decode, validate, compile with verification, print and parse again.
void try_binary(std::span<const u8> bytes);

/// Read as a script, and as a module: assemble and go on as for a binary.
void try_text(std::string_view source);

} // namespace trapeze::fuzz
