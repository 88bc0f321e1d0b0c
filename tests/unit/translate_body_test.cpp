// What filetests cannot show: errors of kind and place, storage reused from body to body, and that costs grow
// linearly where functions are built to make them explode.
#include "decode/decode.hh"
#include "ir/print.hh"
#include "ir/verify.hh"
#include "module_bytes.hh"
#include "translate/translate.hh"

#include <ctime>
#include <doctest/doctest.h>
#include <string>

using namespace trapeze;
using namespace trapeze::test;

namespace {

const Bytes i32_to_i32 = {0x60, 1, 0x7f, 1, 0x7f};

struct Compiled {
  Result<void> result;
  ir::Function fn;
};

Bytes leb(u32 value) {
  Bytes out;
  do {
    out.push_back(static_cast<u8>((value & 0x7f) | (value > 0x7f ? 0x80 : 0)));
    value >>= 7;
  } while (value != 0);
  return out;
}

Bytes long_section(u8 id, const Bytes &contents) {
  return Bytes{id} + leb(static_cast<u32>(contents.size())) + contents;
}

/// Types: 0 = [i32] -> [i32], 1 = [i32] -> []. Function 0 has type 0 and the body; tag 0 has type 1.
wasm::Module module_with(const Bytes &body, const Bytes &memory = {}) {
  const Bytes types = Bytes{2} + i32_to_i32 + Bytes{0x60, 1, 0x7f, 0};
  const Bytes bytes = section(1, types) + section(3, {1, 0}) + (memory.empty() ? Bytes{} : section(5, memory)) +
                      section(13, {1, 0, 1}) + long_section(10, Bytes{1} + leb(static_cast<u32>(body.size())) + body);
  auto m = decode::module(module_of(bytes), {});
  if (!m)
    FAIL(m.error().message);
  return std::move(*m);
}

void translate_into(Compiled &c, const wasm::Module &m) {
  const wasm::Features features;
  const translate::ModuleContext context(m, features);
  c.result = translate::body(context, 0, c.fn);
}

Compiled translated(const Bytes &body, const Bytes &memory = {}) {
  Compiled c;
  const wasm::Module m = module_with(body, memory);
  translate_into(c, m);
  return c;
}

Bytes repeated(u32 n, const Bytes &part) {
  Bytes all;
  all.reserve(n * part.size());
  for (u32 i = 0; i < n; ++i)
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// Seconds of processor time: other work on the machine does not count.
f64 seconds(const Bytes &body) {
  const wasm::Module m = module_with(body);
  Compiled c;
  const std::clock_t start = std::clock();
  translate_into(c, m);
  const f64 time = static_cast<f64>(std::clock() - start) / CLOCKS_PER_SEC;
  INFO((c.result ? std::string() : c.result.error().message));
  REQUIRE(c.result.has_value());
  return time;
}

/// Eight times the size may take at most forty times as long: linear with much noise (caches), never quadratic.
template <typename Make> void grows_linearly(Make make, u32 n) {
  f64 small = 1e9, large = 1e9;
  for (int i = 0; i < 3; ++i) {
    small = std::min(small, seconds(make(n)));
    large = std::min(large, seconds(make(8 * n)));
  }
  CHECK(large < 40 * std::max(small, 5e-4));
}

std::string text(const ir::Function &fn) {
  std::string out;
  ir::print(fn, out);
  return out;
}

} // namespace

TEST_CASE("what the code generator does not do is named at its operator") {
  // local.get 0; i32x4.splat; i32x4.extract_lane 0
  const Compiled simd = translated({0, 0x20, 0, 0xfd, 0x11, 0xfd, 0x1b, 0, 0x0b});
  REQUIRE_FALSE(simd.result.has_value());
  CHECK(simd.result.error().kind == ErrorKind::Unsupported);
  CHECK(simd.result.error().message == "fixed-width SIMD is not supported by the code generator yet");
  const u64 body = module_with({0, 0x20, 0, 0xfd, 0x11, 0xfd, 0x1b, 0, 0x0b}).funcs[0].body.offset;
  CHECK(simd.result.error().offset == body + 3);

  const Bytes memory64 = {1, 4, 1}; // one page, addresses of 64 bits
  const Compiled load = translated({0, 0x42, 0, 0x28, 2, 0, 0x0b}, memory64);
  REQUIRE_FALSE(load.result.has_value());
  CHECK(load.result.error().message == "64-bit memories and tables is not supported by the code generator yet");
}

TEST_CASE("in unreachable code nothing is unsupported") {
  // unreachable; i32x4.splat of anything; drop
  const Compiled c = translated({0, 0x00, 0xfd, 0x11, 0x1a, 0x0b});
  CHECK(c.result.has_value());
}

TEST_CASE("an invalid body is the validator's error") {
  const Compiled c = translated({0, 0x42, 0, 0x0b});
  REQUIRE_FALSE(c.result.has_value());
  CHECK(c.result.error().kind == ErrorKind::Invalid);
}

TEST_CASE("a body after another one, or after an error, comes out as if it were the first") {
  const Bytes body = {1, 2, 0x7f, 0x20, 0, 0x41, 3, 0x6a, 0x21, 1, 0x20, 1, 0x20, 2, 0x6a, 0x0b};
  Compiled c;
  const wasm::Module m = module_with(body), bad = module_with({0, 0x42, 0, 0x0b});
  translate_into(c, m);
  REQUIRE(c.result.has_value());
  const std::string first = text(c.fn);
  translate_into(c, bad);
  translate_into(c, m);
  CHECK(text(c.fn) == first);
}

TEST_CASE("two thousand nested regions, each changing a local, verify") {
  // block; try_table (catch_all 0); local.set 0 (i32.const 1); ... call 0 ... end end
  constexpr u32 n = 2000;
  const Bytes open = {0x02, 0x40, 0x1f, 0x40, 1, 2, 0, 0x41, 1, 0x21, 0};
  const Bytes close = {0x20, 0, 0x10, 0, 0x1a, 0x0b, 0x0b};
  const Compiled c = translated(Bytes{0} + repeated(n, open) + repeated(n, close) + Bytes{0x20, 0, 0x0b});
  REQUIRE(c.result.has_value());
  CHECK(ir::verify(c.fn) == "");
  CHECK(c.fn.regions.size() == n);
  CHECK(c.fn.slots.size() == 1);
}

TEST_CASE("time grows linearly") {
  SUBCASE("nested regions") {
    grows_linearly(
        [](u32 n) {
          return Bytes{0} + repeated(n, {0x02, 0x40, 0x1f, 0x40, 1, 2, 0, 0x41, 1, 0x21, 0}) +
                 repeated(n, {0x20, 0, 0x10, 0, 0x1a, 0x0b, 0x0b}) + Bytes{0x20, 0, 0x0b};
        },
        1000);
  }
  SUBCASE("throws in nested legacy tries") { // if (x) throw t x
    grows_linearly(
        [](u32 n) {
          return Bytes{0} + repeated(n, {0x06, 0x40, 0x20, 0, 0x04, 0x40, 0x20, 0, 0x08, 0, 0x0b}) +
                 Bytes{0x20, 0, 0x10, 0, 0x1a} + repeated(n, {0x19, 0x0b}) + Bytes{0x20, 0, 0x0b};
        },
        1000);
  }
  SUBCASE("branches out of one block") { // br_if 0 (x); x = x + 1
    grows_linearly(
        [](u32 n) {
          return Bytes{0, 0x02, 0x40} + repeated(n, {0x20, 0, 0x0d, 0, 0x20, 0, 0x41, 1, 0x6a, 0x21, 0}) +
                 Bytes{0x0b, 0x20, 0, 0x0b};
        },
        3000);
  }
  SUBCASE("nested loops") { // loop ... br_if 0 (x) end
    grows_linearly(
        [](u32 n) {
          return Bytes{0} + repeated(n, {0x03, 0x40, 0x20, 0, 0x41, 1, 0x6a, 0x21, 0}) +
                 repeated(n, {0x20, 0, 0x0d, 0, 0x0b}) + Bytes{0x20, 0, 0x0b};
        },
        2000);
  }
  SUBCASE("nested blocks and one table of branches") {
    grows_linearly(
        [](u32 n) {
          Bytes body = Bytes{0} + repeated(n, {0x02, 0x40}) + Bytes{0x20, 0, 0x0e} + leb(n);
          for (u32 i = 0; i <= n; ++i)
            for (u8 byte : leb(i % n))
              body.push_back(byte);
          return body + repeated(n, {0x0b, 0x20, 0, 0x41, 1, 0x6a, 0x21, 0}) + Bytes{0x20, 0, 0x0b};
        },
        500);
  }
}
