// Constant expressions are evaluated when an instance is made: a handful of operators on a small stack. The module
// has been validated, so operands are there and of the right type. Spec: Validation, Constant Expressions.
#pragma once

#include "base/result.hh"
#include "runtime/value.hh"
#include "wasm/module.hh"

namespace trapeze::runtime {

class Instance;

/// Reads globals and functions of the instance. Operators of the GC proposal are ErrorKind::Unsupported.
Result<ValueCell> evaluate(const wasm::ConstExpr &expr, Instance &instance);

} // namespace trapeze::runtime
