// Programs as Wasm: bytes for the engine, and the same instructions as text for a person.
#pragma once

#include "program.hh"

namespace eh_random {

struct Emitted {
  std::vector<u8> bytes;
  std::string text; // empty unless asked for
};

Emitted emit(const Program &program, const Module &module, bool with_text);

/// All modules as text, how they are linked, and what is called.
std::string to_text(const Program &program);

} // namespace eh_random
