// Structural identity of a module's types: Module::canonical. Spec: Validation, Types, "rolling up" of recursive types;
// Appendix, Type Soundness, defined types.
#pragma once

#include "wasm/module.hh"

namespace trapeze::decode {

/// Fills m.canonical from m.types. Linear in the size of the type section.
void canonicalise(wasm::Module &m);

} // namespace trapeze::decode
