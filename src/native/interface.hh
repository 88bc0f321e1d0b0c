// What C sees of a module's types: letters for the types that a cell can carry, and one number for all that the
// generated header relies on. The header has the number of the module it was made for; trapeze_native_instantiate
// compares.
#pragma once

#include "trapeze/trapeze.hh"

#include <string>

namespace trapeze::native {

/// i, I, f, F, V as in trapeze/native.h; r: a reference.
char letter_of(ValType type);
std::string letters(std::span<const ValType> types);
std::string letters(const FuncType &type); ///< `iI:f`
/// The type that `letters` names; Error (Usage) if it is none.
FuncType type_of(std::string_view letters);

/// FNV-1a over kinds, names and types of imports and exports, in their order; never 0.
std::uint64_t interface_of(const Module &module);

} // namespace trapeze::native
