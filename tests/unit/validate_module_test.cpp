// Modules without their bodies: types, limits, exports, start, segments.
#include "decode/decode.hh"
#include "module_bytes.hh"
#include "validate/validate.hh"

#include <doctest/doctest.h>

using namespace trapeze;
using namespace trapeze::test;

namespace {

std::string verdict(const Bytes &sections) {
  const wasm::Features features;
  auto m = decode::module(module_of(sections), features);
  if (!m)
    return m.error().message;
  const auto result = validate::module(*m, features);
  return result ? "valid" : result.error().message;
}

const Bytes zero = {0x41, 0, 0x0b};

} // namespace

TEST_CASE("types: indices inside the group, super types before, open, matched") {
  CHECK(verdict(section(1, {1, 0x60, 0, 1, 0x64, 1})) == "unknown type 1");
  CHECK(verdict(section(1, {1, 0x4e, 2, 0x60, 0, 1, 0x64, 1, 0x60, 0, 0})) == "valid");
  const Bytes open = {0x50, 0, 0x5f, 1, 0x7f, 0}, closed = {0x5f, 1, 0x7f, 0};
  const Bytes wider = {0x50, 1, 0, 0x5f, 2, 0x7f, 0, 0x7e, 0}, other = {0x50, 1, 0, 0x5f, 1, 0x7e, 0};
  CHECK(verdict(section(1, Bytes{2} + open + wider)) == "valid");
  CHECK(verdict(section(1, Bytes{2} + closed + wider)) == "sub type 1 does not match super type 0, which is final");
  CHECK(verdict(section(1, Bytes{2} + open + other)) == "sub type 1 does not match super type 0");
  CHECK(verdict(section(1, Bytes{1} + wider)) == "unknown type 0: a super type must be defined before");
}

TEST_CASE("limits") {
  CHECK(verdict(section(5, {1, 1, 2, 1})) == "size minimum must not be greater than maximum");
  CHECK(verdict(section(5, {1, 0, 0x80, 0x80, 4})) == "valid");
  CHECK(verdict(section(5, {1, 0, 0x81, 0x80, 4})) == "memory size must be at most 65536 pages (4GiB)");
  CHECK(verdict(section(5, {1, 3, 1, 1})) == "valid");
  CHECK(verdict(section(5, {1, 2, 1})) == "shared memory must have maximum");
  CHECK(verdict(section(4, {1, 0x64, 0x70, 0, 1})) == "type mismatch: a table of (ref func) needs an initial value");
}

TEST_CASE("exports and start") {
  const Bytes function = section(1, {2, 0x60, 0, 0, 0x60, 1, 0x7f, 0}) + section(3, {2, 0, 1});
  const Bytes code = section(10, {2, 2, 0, 0x0b, 2, 0, 0x0b});
  CHECK(verdict(function + section(7, Bytes{2} + name("a") + Bytes{0, 0} + name("a") + Bytes{0, 1}) + code) ==
        "duplicate export name \"a\"");
  CHECK(verdict(function + section(7, Bytes{1} + name("a") + Bytes{3, 0}) + code) == "unknown global 0");
  CHECK(verdict(function + section(8, {0}) + code) == "valid");
  CHECK(verdict(function + section(8, {1}) + code) == "start function must take and return nothing, not [i32] -> []");
  CHECK(verdict(function + section(8, {2}) + code) == "unknown function 2");
}

TEST_CASE("segments") {
  CHECK(verdict(section(11, Bytes{1, 0} + zero + Bytes{0})) == "unknown memory 0");
  CHECK(verdict(section(5, {1, 4, 0}) + section(11, Bytes{1, 0} + zero + Bytes{0})) ==
        "type mismatch: expected i64, found i32");
  CHECK(verdict(section(9, Bytes{1, 0} + zero + Bytes{0})) == "unknown table 0");
  CHECK(verdict(section(4, {1, 0x6f, 0, 1}) + section(9, Bytes{1, 0} + zero + Bytes{0})) ==
        "type mismatch: element segment of (ref func) for a table of externref");
  CHECK(verdict(section(4, {1, 0x70, 0, 1}) + section(9, Bytes{1, 0} + zero + Bytes{1, 5})) == "unknown function 5");
}

TEST_CASE("expressions meet no type that is not checked yet") {
  // (type (array (mut funcref))) (global arrayref (array.new_elem 0 0 ...)) (elem (ref null 9))
  const Bytes types = section(1, {1, 0x5e, 0x70, 1});
  const Bytes global = section(6, {1, 0x6a, 0, 0x41, 0, 0x41, 0, 0xfb, 10, 0, 0, 0x0b});
  CHECK(verdict(types + global + section(9, {1, 5, 0x63, 9, 0})) == "unknown type 9");
  CHECK(verdict(types + global + section(9, {1, 5, 0x70, 0})) == "constant expression required");
  // (table (ref null 9) (global.get 0)) after an import of that type
  const Bytes import = section(2, Bytes{1} + name("m") + name("g") + Bytes{3, 0x63, 9, 0});
  CHECK(verdict(types + import + section(4, {1, 0x40, 0, 0x70, 0, 1, 0x23, 0, 0x0b})) == "unknown type 9");
}

TEST_CASE("a tag has no results") {
  CHECK(verdict(section(1, {1, 0x60, 0, 1, 0x7f}) + section(13, {1, 0, 0})) == "non-empty tag result type");
}
