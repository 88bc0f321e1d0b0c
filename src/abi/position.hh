// Where an instruction comes from, as one word: the byte offset of its operator in the module; or, in a body that was
// put where its call stood, a row of a table that names the function, the offset there, and the position of the call:
//
//   f calls g at 0x51, g calls h at 0x70, h traps at 0x90; g and h stand in f:
//     [0] {g, 0x70, caller 0x51}    [1] {h, 0x90, caller 0x80000000 (row 0)}     the trap's position: 0x80000001
//
// A row's caller has a smaller number, so chains end.
#pragma once

#include "base/types.hh"

namespace trapeze::abi {

inline constexpr u32 no_position = ~0u;

struct InlinedPosition {
  u32 func, wasm_offset; ///< module function index; offset of the operator in its body
  u32 caller;            ///< position of the call that this body replaced
};

constexpr bool is_inlined(u32 position) { return position >> 31 != 0 && position != no_position; }
constexpr u32 inlined_row(u32 position) { return position & 0x7fffffff; }
constexpr u32 inlined_position(u32 row) { return row | u32{1} << 31; }

} // namespace trapeze::abi
