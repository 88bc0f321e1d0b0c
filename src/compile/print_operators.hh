// A body as the validator hands it on: each operator with its offset, immediates and what it works on, as text.
#pragma once

#include "validate/validate.hh"

#include <string>

namespace trapeze::compile {

/// The body must be valid.
void print_operators(const wasm::Module &m, const wasm::Features &features, u32 func, std::string &out);

} // namespace trapeze::compile
