// The table of runtime functions, as data for the compilers; the runtime implements each by name.
#pragma once

#include "base/types.hh"

namespace trapeze::abi {

enum class Builtin : u8 {
#define BUILTIN(id, results, params, effect) id,
#include "abi/builtins.def"
};

inline constexpr u32 builtin_count = 0
#define BUILTIN(id, results, params, effect) +1
#include "abi/builtins.def"
    ;

/// Behind the builtins in the same table: the stub for tail calls into another instance (abi/convention.hh).
inline constexpr u32 cross_instance_tail_slot = builtin_count;

enum class BuiltinEffect : u8 { Pure, Traps, Collects, Throws };

struct BuiltinRow {
  const char *name, *results, *params;
  BuiltinEffect effect;
};
const BuiltinRow &row(Builtin builtin);

} // namespace trapeze::abi
