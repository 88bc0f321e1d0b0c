// The rows of builtins.def.
#include "abi/builtins.hh"

namespace trapeze::abi {

namespace {

constexpr BuiltinRow rows[] = {
#define BUILTIN(id, results, params, effect) {#id, results, params, BuiltinEffect::effect},
#include "abi/builtins.def"
};

} // namespace

const BuiltinRow &row(Builtin builtin) { return rows[static_cast<u32>(builtin)]; }

} // namespace trapeze::abi
