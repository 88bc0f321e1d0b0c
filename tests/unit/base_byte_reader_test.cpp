// LEB128 at its limits, names, and the sticky first error.
#include "base/byte_reader.hh"

#include <doctest/doctest.h>
#include <initializer_list>
#include <vector>

using namespace trapeze;
using base::ByteReader;

namespace {

using Bytes = std::vector<u8>;

template <typename Read> auto read(const Bytes &bytes, Read read) {
  ByteReader reader(bytes);
  const auto value = read(reader);
  REQUIRE_FALSE(reader.failed());
  CHECK(reader.at_end());
  return value;
}

template <typename Read> std::string error(const Bytes &bytes, Read read) {
  ByteReader reader(bytes);
  CHECK(read(reader) == 0);
  REQUIRE(reader.failed());
  CHECK(reader.at_end());
  return reader.error().message;
}

const auto u32_of = [](ByteReader &r) { return r.leb_u32(); };
const auto u64_of = [](ByteReader &r) { return r.leb_u64(); };
const auto s32_of = [](ByteReader &r) { return r.leb_s32(); };
const auto s33_of = [](ByteReader &r) { return r.leb_s33(); };
const auto s64_of = [](ByteReader &r) { return r.leb_s64(); };

} // namespace

TEST_CASE("unsigned LEB128") {
  CHECK(read({0x7f}, u32_of) == 127);
  CHECK(read({0x80, 0x01}, u32_of) == 128);
  CHECK(read({0x80, 0x00}, u32_of) == 0);
  CHECK(read({0xff, 0xff, 0xff, 0xff, 0x0f}, u32_of) == ~u32{0});
  CHECK(error({0xff, 0xff, 0xff, 0xff, 0x1f}, u32_of) == "integer too large");
  CHECK(error({0x80, 0x80, 0x80, 0x80, 0x80, 0x00}, u32_of) == "integer representation too long");
  CHECK(error({0x80}, u32_of) == "unexpected end");
  CHECK(error({}, u32_of) == "unexpected end");
  CHECK(read({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, u64_of) == ~u64{0});
  CHECK(error({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}, u64_of) == "integer too large");
}

TEST_CASE("signed LEB128") {
  CHECK(read({0x40}, s32_of) == -64);
  CHECK(read({0x3f}, s32_of) == 63);
  CHECK(read({0xff, 0x00}, s32_of) == 127);
  CHECK(read({0x80, 0x7f}, s32_of) == -128);
  CHECK(read({0x80, 0x80, 0x80, 0x80, 0x78}, s32_of) == INT32_MIN);
  CHECK(read({0xff, 0xff, 0xff, 0xff, 0x07}, s32_of) == INT32_MAX);
  CHECK(error({0xff, 0xff, 0xff, 0xff, 0x0f}, s32_of) == "integer too large");
  CHECK(error({0x80, 0x80, 0x80, 0x80, 0x70}, s32_of) == "integer too large");
  CHECK(read({0xff, 0xff, 0xff, 0xff, 0x0f}, s33_of) == i64{~u32{0}});
  CHECK(read({0x80, 0x80, 0x80, 0x80, 0x70}, s33_of) == -(i64{1} << 32));
  CHECK(error({0xff, 0xff, 0xff, 0xff, 0x1f}, s33_of) == "integer too large");
  CHECK(read({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f}, s64_of) == INT64_MIN);
  CHECK(error({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7e}, s64_of) == "integer too large");
}

TEST_CASE("the first error wins and later reads yield zero") {
  const Bytes bytes = {1, 0x80};
  ByteReader reader(bytes, 100);
  CHECK(reader.u8_() == 1);
  CHECK(reader.leb_u32() == 0);
  reader.set_error(0, "a later one");
  CHECK(reader.u64_le() == 0);
  REQUIRE(reader.failed());
  CHECK(reader.error().offset == 102);
  CHECK(reader.error().message == "unexpected end of section or function");
  CHECK_FALSE(reader.status().has_value());
}

TEST_CASE("names are UTF-8") {
  const auto is_utf8 = [](std::initializer_list<u8> bytes) { return base::is_utf8(Bytes(bytes)); };
  CHECK(is_utf8({}));
  CHECK(is_utf8({'a', 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80}));
  CHECK_FALSE(is_utf8({0xc0, 0x80}));             // overlong
  CHECK_FALSE(is_utf8({0xe0, 0x9f, 0xbf}));       // overlong
  CHECK_FALSE(is_utf8({0xed, 0xa0, 0x80}));       // surrogate
  CHECK_FALSE(is_utf8({0xf4, 0x90, 0x80, 0x80})); // beyond U+10FFFF
  CHECK_FALSE(is_utf8({0xe2, 0x82}));             // cut off
  CHECK_FALSE(is_utf8({0x80}));
  CHECK(is_utf8({'1', '2', '3', '4', '5', '6', '7', '8', 0xc3, 0xa9}));
  CHECK_FALSE(is_utf8({'1', '2', '3', '4', '5', '6', '7', 0xc3, 'a'}));
  CHECK_FALSE(is_utf8({'1', '2', '3', '4', '5', '6', '7', '8', 0x80}));

  const Bytes cut = {5, 'a', 'b'};
  ByteReader reader(cut);
  CHECK(reader.name().empty());
  CHECK(reader.error().message == "length out of bounds");
}
