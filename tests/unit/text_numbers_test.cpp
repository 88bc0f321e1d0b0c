// Number literals: productions, ranges, rounding.
#include "text/numbers.hh"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>

using namespace trapeze;
using namespace trapeze::text;

namespace {

f32 f32_of(std::string_view s) {
  u32 bits = 0;
  REQUIRE(parse_f32(s, bits));
  return std::bit_cast<f32>(bits);
}

f64 f64_of(std::string_view s) {
  u64 bits = 0;
  REQUIRE(parse_f64(s, bits));
  return std::bit_cast<f64>(bits);
}

} // namespace

TEST_CASE("productions") {
  for (const char *s : {"0", "1_000", "0x1F", "0xdead_beef"})
    CHECK(number_kind(s) == NumberKind::Nat);
  for (const char *s : {"+1", "-0x1"})
    CHECK(number_kind(s) == NumberKind::Int);
  for (const char *s :
       {"1.", "1.5", "1e5", "1E-5", "0x1.8p+3", "0x1p0", "inf", "-inf", "nan", "+nan:0x1", "1_0.0_1e1_0"})
    CHECK(number_kind(s) == NumberKind::Float);
  for (const char *s :
       {"", "_1", "1_", "1__0", "0x", "0x_1", "1x", ".5", "1e", "1e_5", "0x1p", "nan:1", "nan:0x", "+", "infx"})
    CHECK(number_kind(s) == NumberKind::None);
}

TEST_CASE("integers keep their range") {
  u64 v = 0;
  CHECK((parse_int("4294967295", 32, v) && v == 0xffffffff));
  CHECK_FALSE(parse_int("4294967296", 32, v));
  CHECK((parse_int("-2147483648", 32, v) && v == 0x80000000));
  CHECK_FALSE(parse_int("-2147483649", 32, v));
  CHECK((parse_int("-1", 8, v) && v == 0xff));
  CHECK_FALSE(parse_int("256", 8, v));
  CHECK((parse_int("0xffff_ffff_ffff_ffff", 64, v) && v == ~u64{0}));
  CHECK((parse_int("-9223372036854775808", 64, v) && v == u64{1} << 63));
  CHECK_FALSE(parse_int("18446744073709551616", 64, v));
  CHECK_FALSE(parse_nat("99999999999999999999999", ~u64{0}, v));
}

TEST_CASE("hexadecimal floats round to nearest, ties to even") {
  CHECK(f32_of("0x1.000001p0") == 1.0f);                                             // tie, even below
  CHECK(f32_of("0x1.000003p0") == std::nextafter(std::nextafter(1.0f, 2.0f), 2.0f)); // tie, even above
  CHECK(f32_of("0x1.00000100000000000001p0") == std::nextafter(1.0f, 2.0f));         // just above a tie: the sticky bit
  CHECK(f32_of("0x1p-149") == std::numeric_limits<f32>::denorm_min());
  CHECK(f32_of("0x1p-150") == 0.0f);
  CHECK(f32_of("0x1.8p-150") == std::numeric_limits<f32>::denorm_min());
  CHECK(f32_of("0x1.fffffep127") == std::numeric_limits<f32>::max());
  CHECK(f32_of("0x1.fffffeffp127") == std::numeric_limits<f32>::max());
  CHECK(f64_of("0x0.0000000000001p-1022") == std::numeric_limits<f64>::denorm_min());
  CHECK(f64_of("0x1.fffffffffffffp-1023") == std::numeric_limits<f64>::min()); // a subnormal rounds up to normal
  CHECK(std::signbit(f64_of("-0x0p0")));
  u32 bits;
  CHECK_FALSE(parse_f32("0x1.ffffffp127", bits));
  CHECK_FALSE(parse_f32("0x1p128", bits));
  CHECK_FALSE(parse_f32("0x1p99999999999999999999", bits));
  CHECK(f32_of("0x1p-99999999999999999999") == 0.0f);
}

TEST_CASE("decimal floats") {
  CHECK(f64_of("0.1") == 0.1);
  CHECK(f64_of("1_000.5e-1_0") == 1000.5e-10);
  CHECK(f64_of("1e-400") == 0.0);
  CHECK(f64_of("0.000e400") == 0.0);
  CHECK(f64_of("4.9e-324") == std::numeric_limits<f64>::denorm_min());
  CHECK(f32_of("16777217") == 16777216.0f);
  CHECK(f32_of("3.4028235e38") == std::numeric_limits<f32>::max());
  u32 narrow;
  u64 wide;
  CHECK_FALSE(parse_f32("3.4028236e38", narrow));
  CHECK_FALSE(parse_f64("1e309", wide));
  CHECK_FALSE(parse_f64("0.1e400", wide));
}

TEST_CASE("infinities and NaN payloads") {
  u32 narrow = 0;
  u64 wide = 0;
  CHECK((parse_f32("-inf", narrow) && narrow == 0xff800000));
  CHECK((parse_f32("nan", narrow) && narrow == 0x7fc00000));
  CHECK((parse_f32("-nan:0x1", narrow) && narrow == 0xff800001));
  CHECK((parse_f64("nan:0xf_ffff_ffff_ffff", wide) && wide == 0x7fffffffffffffff));
  CHECK_FALSE(parse_f32("nan:0x0", narrow));
  CHECK_FALSE(parse_f32("nan:0x80_0000", narrow));
}
