// Checks of types that sections hold. Not for other rooms.
#pragma once

#include "base/result.hh"
#include "wasm/module.hh"

namespace trapeze::validate {

/// The whole type section.
Result<void> types(const wasm::Module &m);
/// A type elsewhere in the module: its index is known.
Result<void> check_type(const wasm::Module &m, wasm::ValType type, u64 offset);

} // namespace trapeze::validate
