// Bytes -> Module. Spec: Binary Format, Modules. Everything that makes a binary malformed is found here or,
// inside bodies and constant expressions, by the validator's walk (ErrorKind::Malformed there too).
//
// Custom sections never make a module malformed: a name or branch hint section that does not decode leaves its
// fields empty. `custom_sections` below says what is wrong with one, for tools and the `_custom` assertions.
#pragma once

#include "base/result.hh"
#include "wasm/features.hh"
#include "wasm/module.hh"

namespace trapeze::decode {

Result<wasm::Module> module(std::shared_ptr<const std::vector<u8>> bytes, const wasm::Features &features);

/// A module whose code section is left out: what stands before it, and from `rest_offset` on. Function bodies are
/// empty; the module does not own the bytes.
Result<wasm::Module> structure(std::span<const u8> front, std::span<const u8> rest, u64 rest_offset,
                               const wasm::Features &features);

/// Whether the custom sections the engine knows (name, metadata.code.branch_hint) are well-formed (Malformed) and hints
/// stand at a br_if or if (Invalid), of a module that decodes and validates.
Result<void> custom_sections(const wasm::Module &m, const wasm::Features &features);

} // namespace trapeze::decode
