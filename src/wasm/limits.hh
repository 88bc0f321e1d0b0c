// Limits of the engine beyond the spec's own. Spec: Appendix, Implementation Limitations; the numbers are those of
// the JavaScript API, which every producer already keeps. What exceeds one is ErrorKind::Unsupported.
#pragma once

#include "base/types.hh"

namespace trapeze::wasm {

inline constexpr u32 max_types = 1'000'000;
inline constexpr u32 max_functions = 1'000'000;
inline constexpr u32 max_imports = 1'000'000;
inline constexpr u32 max_exports = 1'000'000;
inline constexpr u32 max_globals = 1'000'000;
inline constexpr u32 max_tags = 1'000'000;
inline constexpr u32 max_tables = 100'000;
inline constexpr u32 max_memories = 100'000;
inline constexpr u32 max_segments = 10'000'000;
/// abi::max_cells: payload area and argument overflow area hold as many.
inline constexpr u32 max_params = 1'000;
inline constexpr u32 max_results = 1'000;
inline constexpr u32 max_fields = 10'000;
inline constexpr u32 max_locals = 50'000; ///< parameters included
inline constexpr u32 max_subtyping_depth = 63;
inline constexpr u32 max_array_new_fixed = 10'000;
inline constexpr u32 max_br_table_size = 65'520;
inline constexpr u32 max_operands = 1'000'000; ///< on the stack of one function, all blocks together
inline constexpr u32 max_body_size = 7'654'321;

} // namespace trapeze::wasm
