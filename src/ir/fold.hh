// Constant folding with exactly Wasm's semantics. Spec: Execution, Numerics.
// What would trap does not fold, nor what gives a NaN: which NaN comes out is the machine's business.
#pragma once

#include "ir/function.hh"

#include <optional>

namespace trapeze::ir {

/// The result of `row` on constants, as bits (i32 and f32 zero-extended). `operand` is the type of the first operand.
std::optional<u64> fold(const InstRow &row, Type operand, u64 a, u64 b = 0, u64 c = 0);

bool holds(Cond cond, Type type, u64 a, u64 b);

} // namespace trapeze::ir
