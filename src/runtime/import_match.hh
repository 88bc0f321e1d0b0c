// Does an external value match an import's type? Spec: Execution, Modules, External Typing; Validation, Matching.
#pragma once

#include "base/result.hh"
#include "runtime/code.hh"
#include "runtime/extern.hh"

namespace trapeze::runtime {

/// Unlinkable: "unknown import ..." when nothing is given, "incompatible import type ..." with both types.
Result<void> match_import(const Code &code, const wasm::Import &import, const Extern &given);

} // namespace trapeze::runtime
