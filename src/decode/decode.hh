// Bytes -> Module. Spec: Binary Format, Modules. Everything that makes a binary malformed is found here or,
// inside bodies and constant expressions, by the validator's walk (ErrorKind::Malformed there too).
#pragma once

#include "base/result.hh"
#include "wasm/features.hh"
#include "wasm/module.hh"

namespace trapeze::decode {

Result<wasm::Module> module(std::shared_ptr<const std::vector<u8>> bytes, const wasm::Features &features);

} // namespace trapeze::decode
