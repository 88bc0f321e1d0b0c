// Enumerators as the IR's text writes them. print and parse share these tables.
#pragma once

#include "ir/function.hh"

#include <iterator>

namespace trapeze::ir::names {

inline constexpr const char *types[] = {"none", "i32", "i64", "f32", "f64", "v128", "ref"};
inline constexpr const char *aliases[] = {"memory", "fixed", "length", "global", "table", "heap", "area"};
inline constexpr const char *traps[] = {
#define TRAP(id, text) #id,
#include "abi/traps.def"
};
inline constexpr const char *builtins[] = {
#define BUILTIN(id, results, params, effect) #id,
#include "abi/builtins.def"
};

inline const char *of(Type t) { return types[static_cast<u32>(t)]; }
inline const char *of(Alias a) { return aliases[static_cast<u32>(a)]; }
inline const char *of(abi::TrapCode t) { return traps[static_cast<u32>(t)]; }
inline const char *of(abi::Builtin b) { return builtins[static_cast<u32>(b)]; }

} // namespace trapeze::ir::names
