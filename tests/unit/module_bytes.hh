// Modules written byte by byte for the tests of decode and validate.
#pragma once

#include "base/types.hh"

#include <memory>
#include <string_view>
#include <vector>

namespace trapeze::test {

using Bytes = std::vector<u8>;

inline Bytes operator+(Bytes a, const Bytes &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// A section or body: its size in front. Sizes below 128 only.
inline Bytes sized(const Bytes &contents) { return Bytes{static_cast<u8>(contents.size())} + contents; }
inline Bytes section(u8 id, const Bytes &contents) { return Bytes{id} + sized(contents); }
inline Bytes name(std::string_view text) { return sized(Bytes(text.begin(), text.end())); }

inline std::shared_ptr<const Bytes> module_of(const Bytes &sections) {
  return std::make_shared<const Bytes>(Bytes{0, 'a', 's', 'm', 1, 0, 0, 0} + sections);
}

/// One function of one type: `type` are the bytes of a function type (0x60 ...), `body` locals and code.
inline Bytes one_function(const Bytes &type, const Bytes &body) {
  return section(1, Bytes{1} + type) + section(3, {1, 0}) + section(10, Bytes{1} + sized(body));
}

} // namespace trapeze::test
