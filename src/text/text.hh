// The text format. One way in: text is assembled to the binary format and decoded like any module, with a
// map back from binary offsets to source offsets for errors and backtraces. Spec: Text Format.
#pragma once

#include "base/result.hh"
#include "wasm/features.hh"
#include "wasm/module.hh"

#include <string_view>

namespace trapeze::text {

/// Sorted pairs: the bytes from `binary` on were written for the source text at `source`.
struct SourceMap {
  struct Entry {
    u32 binary, source;
  };
  std::vector<Entry> entries;
  u64 source_offset(u64 binary_offset) const;
};

struct Assembled {
  std::vector<u8> bytes;
  SourceMap map;
};

/// Parses `(module ...)` or a bare sequence of fields. Errors: Malformed, offset into `source`.
Result<Assembled> assemble(std::string_view source, const wasm::Features &features);

/// A module as text; parsing it gives an equal module, printing that the same text.
std::string print(const wasm::Module &m);

/// line:column (both from 1, columns in bytes) of an offset, and the line itself, for messages.
struct Position {
  u32 line, column;
  std::string_view line_text;
};
Position position(std::string_view source, u64 offset);

} // namespace trapeze::text
