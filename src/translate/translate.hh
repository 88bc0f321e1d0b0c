// Validated operators -> SSA, in the same walk that validates them: all Wasm semantics, once.
#pragma once

#include "abi/vmctx.hh"
#include "base/result.hh"
#include "ir/function.hh"
#include "wasm/features.hh"
#include "wasm/module.hh"

namespace trapeze::translate {

/// What every function of a module shares; immutable, used by all threads.
struct ModuleContext {
  const wasm::Module &module;
  wasm::Features features;
  abi::InstanceLayout layout;
  bool polls = false; ///< interruption points at loop headers

  ModuleContext(const wasm::Module &m, const wasm::Features &f) : module(m), features(f), layout(m) {}
};

/// Decode, validate and build one body into `out` (cleared first). After it returns, input is trusted.
/// An operator the code generator does not do yet is ErrorKind::Unsupported and names its feature.
Result<void> body(const ModuleContext &context, u32 func, ir::Function &out);

} // namespace trapeze::translate
