// Typed calls over the border, both ways: every class of value, more of them than there are registers, and what may
// happen in between. Values go from the host through Wasm to a host function and all the way back.
#include "api_fixture.hh"

#include <doctest/doctest.h>

#include <cfenv>
#include <stdexcept>

using namespace trapeze;
using test::engine, test::module;

namespace {

using i32 = std::int32_t;
using i64 = std::int64_t;

/// A value for the places of a v128, or of an f64 instead.
template <typename V> V wide(std::uint8_t first) {
  if constexpr (std::is_same_v<V, V128>) {
    V128 v;
    for (std::size_t i = 0; i < 16; ++i)
      v.bytes[i] = static_cast<std::uint8_t>(first + i);
    return v;
  } else {
    return first + 0.25;
  }
}

/// A function "f" of that type that hands everything to the import "h" "f" and its results back.
std::string passes_on(const std::string &params, const std::string &results, int count) {
  std::string body;
  for (int i = 0; i < count; ++i)
    body += "(local.get " + std::to_string(i) + ")";
  std::string type = "(param " + params + ") (result " + results + ")";
  return "(module (import \"h\" \"f\" (func $f " + type + ")) (func (export \"f\") " + type + "(call $f " + body +
         ")))";
}

template <typename Signature, typename F>
auto passing(Store &store, const std::string &params, const std::string &results, int count, F host) {
  Linker linker(store);
  linker.func("h", "f", std::move(host));
  return linker.instantiate(module(passes_on(params, results, count))).func("f").template typed<Signature>();
}

/// The host's function, called by the host; with f64 for its v128s also from Wasm, which has no v128 yet.
template <typename V, typename Signature, typename F>
auto wide_passing(Store &store, std::string params, std::string results, int count, F host) {
  if constexpr (std::is_same_v<V, V128>) {
    return Func(store, std::move(host)).template typed<Signature>();
  } else {
    for (std::string *text : {&params, &results})
      for (std::size_t at; (at = text->find("v128")) != std::string::npos;)
        text->replace(at, 4, "f64");
    return passing<Signature>(store, params, results, count, std::move(host));
  }
}

template <typename V> void use_all_registers() {
  Store store(engine());
  using R = std::tuple<float, i32, V, i64>;
  auto f = wide_passing<V, R(i32, float, i64, double, V, i32, float, i64, double, i32, i32)>(
      store, "i32 f32 i64 f64 v128 i32 f32 i64 f64 i32 i32", "f32 i32 v128 i64", 11,
      [](i32 a, float b, i64 c, double d, V e, i32 g, float h, i64 i, double j, i32 k, i32 l) {
        CHECK(a == -1);
        CHECK(b == 2.5f);
        CHECK(c == i64{3} << 33);
        CHECK(d == 4.5);
        CHECK(g == 6);
        CHECK(h == 7.5f);
        CHECK(i == -8);
        CHECK(j == 9.5);
        CHECK(k == 10);
        return R(b + h, a + g + l, e, c + i);
      });
  CHECK(f(-1, 2.5f, i64{3} << 33, 4.5, wide<V>(1), 6, 7.5f, -8, 9.5, 10, 11) ==
        R(10.0f, 16, wide<V>(1), (i64{3} << 33) - 8));
}

template <typename V> void use_more_than_registers() {
  Store store(engine());
  using R = std::tuple<i32, i64, i32, float, V, double, V, V>;
  auto f = wide_passing<V, R(i64, i32, i64, i32, i64, i32, i32, V, double, float, double, float, double, float, double,
                             V, float, i64, V)>(
      store, "i64 i32 i64 i32 i64 i32 i32 v128 f64 f32 f64 f32 f64 f32 f64 v128 f32 i64 v128",
      "i32 i64 i32 f32 v128 f64 v128 v128", 19,
      [](i64 a, i32 b, i64 c, i32 d, i64 e, i32 g, i32 h, V i, double j, float k, double l, float m, double n, float o,
         double p, V q, float r, i64 s,
         V t) { return R(b + d + g, a + c + e + s, h, k + m + o + r, i, j + l + n + p, q, t); });
  for (i32 n = 0; n < 3; ++n)
    CHECK(f(1, 2, 3, 4, 5, 6, n, wide<V>(8), 0.5, 1.5f, 2.5, 3.5f, 4.5, 5.5f, 6.5, wide<V>(40), 7.5f, i64{1} << 35,
            wide<V>(80)) == R(12, 9 + (i64{1} << 35), n, 18.0f, wide<V>(8), 14.0, wide<V>(40), wide<V>(80)));
}

} // namespace

TEST_CASE("one value of each class, both ways") {
  Store store(engine());
  CHECK(passing<i32(i32)>(store, "i32", "i32", 1, [](i32 a) { return -a; })(5) == -5);
  CHECK(passing<std::uint32_t(std::uint32_t)>(store, "i32", "i32", 1, [](std::uint32_t a) { return ~a; })(1) == ~1u);
  CHECK(passing<i64(i64)>(store, "i64", "i64", 1, [](i64 a) { return a * 3; })(i64{1} << 40) == i64{3} << 40);
  CHECK(passing<float(float)>(store, "f32", "f32", 1, [](float a) { return a / 4; })(3.0f) == 0.75f);
  CHECK(passing<double(double)>(store, "f64", "f64", 1, [](double a) { return a / 4; })(3.0) == 0.75);
  CHECK(Func(store, [](V128 a) { return a; }).typed<V128(V128)>()(wide<V128>(7)) == wide<V128>(7));
  CHECK(Func(store, [](float, V128 a) { return a; }).typed<V128(float, V128)>()(1, wide<V128>(9)) == wide<V128>(9));
}

TEST_CASE("all registers, all classes between each other") {
  use_all_registers<double>();
  use_all_registers<V128>();
}

TEST_CASE("more parameters than registers, in both classes; more results") {
  use_more_than_registers<double>();
  use_more_than_registers<V128>();
}

TEST_CASE("arguments beyond the registers are the callee's before it calls others that have some") {
  Store store(engine());
  Linker linker(store);
  using Eight = i32(i32, i32, i32, i32, i32, i32, i32, i32);
  Func self;
  int depth = 0;
  linker.func("h", "f", [&](i32 a, i32 b, i32 c, i32 d, i32 e, i32 f, i32 g, i32 h) -> i32 {
    i32 inner = depth++ < 3 ? self.typed<Eight>()(1, 1, 1, 1, 1, 1, g * 2, h * 2) : 0;
    return inner + a + b + c + d + e + f + 10 * g + 1000 * h;
  });
  Instance i = linker.instantiate(module(passes_on("i32 i32 i32 i32 i32 i32 i32 i32", "i32", 8)));
  self = i.func("f");
  CHECK(self.typed<Eight>()(1, 1, 1, 1, 1, 1, 1, 2) == 4 * 6 + 10 * 15 + 1000 * 30);
}

TEST_CASE("references among arguments and results survive collections, in registers and beyond") {
  Store store(engine());
  using R = std::tuple<ExternRef, Func, ExternRef>;
  auto f = passing<R(ExternRef, Func, i64, i64, i64, i64, ExternRef, Func)>(
      store, "externref funcref i64 i64 i64 i64 externref funcref", "externref funcref externref", 8,
      [](Caller &caller, ExternRef a, Func b, i64, i64, i64, i64, ExternRef c, Func d) {
        caller.store().collect();
        CHECK(!d);
        return R(c, b, a);
      });
  Func seven(store, [] { return 7; });
  for (int n = 0; n < 3; ++n) {
    auto [c, b, a] = f(ExternRef(store, 10), seven, 1, 2, 3, 4, ExternRef(store, 20), Func());
    store.collect();
    CHECK(std::any_cast<int>(a.value()) == 10);
    CHECK(std::any_cast<int>(c.value()) == 20);
    CHECK(b.typed<i32()>()() == 7);
  }
}

TEST_CASE("a typed host function ends in every way, with few parameters, references, and many") {
  Store store(engine());
  Tag tag(store, {ValType::i32()});
  struct Ball {
    int n;
  };
  auto end = [&](i32 how) -> i32 {
    switch (how) {
    case 0:
      throw Exception(tag, {how});
    case 1:
      throw Trap("the host's");
    case 2:
      throw Exit(9);
    case 3:
      throw Ball{4};
    default:
      return 100 + how;
    }
  };
  Linker linker(store);
  linker.define("h", "tag", tag);
  linker.func("h", "few", end);
  linker.func("h", "ref", [&](ExternRef, i32 how) { return end(how); });
  linker.func("h", "many", [&](i64, i64, i64, i64, i64, i64, i64, i32 how) { return std::tuple(1, 2, end(how)); });
  linker.func("h", "raise", [&](Caller &caller, i64, i64, i64, i64, i64, i64, i64, i32 how) {
    caller.raise(Exception(tag, {how}));
    return std::tuple(1, 2, 3);
  });
  Instance i = linker.instantiate(module(R"((module
    (import "h" "tag" (tag $e (param i32)))
    (import "h" "few" (func $few (param i32) (result i32)))
    (import "h" "ref" (func $ref (param externref i32) (result i32)))
    (import "h" "many" (func $many (param i64 i64 i64 i64 i64 i64 i64 i32) (result i32 i32 i32)))
    (import "h" "raise" (func $raise (param i64 i64 i64 i64 i64 i64 i64 i32) (result i32 i32 i32)))
    (func $few2 (export "few") (param i32) (result i32) (call $few (local.get 0)))
    (func $ref2 (export "ref") (param i32) (result i32) (call $ref (ref.null extern) (local.get 0)))
    (func $many2 (export "many") (param i32) (result i32) (local $r i32)
      (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5) (i64.const 6) (i64.const 7) (local.get 0)
      (call $many) (local.set $r) (drop) (drop) (local.get $r))
    (func $raise2 (export "raise") (param i32) (result i32) (local $r i32)
      (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5) (i64.const 6) (i64.const 7) (local.get 0)
      (call $raise) (local.set $r) (drop) (drop) (local.get $r))
    (table funcref (elem $few2 $ref2 $many2 $raise2))
    (func (export "catch") (param i32 i32) (result i32)
      (block $all (block $caught (result i32)
        (try_table (result i32) (catch $e $caught) (catch_all $all)
          (call_indirect (param i32) (result i32) (local.get 1) (local.get 0)))
        (return))
        (return (i32.add (i32.const 1000))))
      (i32.const -1))))"));
  auto caught = i.func("catch").typed<i32(i32, i32)>();
  int which = 0;
  for (const char *name : {"few", "ref", "many"}) {
    auto f = i.func(name).typed<i32(i32)>();
    for (int round = 0; round < 2; ++round) {
      CHECK_THROWS_AS(f(0), Exception);
      CHECK_THROWS_AS(f(1), Trap);
      CHECK_THROWS_AS(f(2), Exit);
      CHECK_THROWS_AS(f(3), Ball);
      CHECK(f(4) == 104);
      CHECK(caught(which, 0) == 1000);
      CHECK_THROWS_AS(caught(which, 1), Trap);
      CHECK_THROWS_AS(caught(which, 2), Exit);
      CHECK(caught(which, 3) == -1);
      CHECK(caught(which, 5) == 105);
    }
    ++which;
  }
  CHECK_THROWS_AS(i.func("raise").typed<i32(i32)>()(6), Exception);
  CHECK(caught(3, 6) == 1006);
}

TEST_CASE("the host's rounding mode is its own: on return, after a trap, and when an object flies through") {
  Store store(engine());
  Linker linker(store);
  linker.func("h", "throws", [](double x) -> double { throw std::runtime_error(std::to_string(x)); });
  Instance i = linker.instantiate(module(R"((module
    (import "h" "throws" (func $throws (param f64) (result f64)))
    (func (export "divide") (param f64 f64) (result f64) (f64.div (local.get 0) (local.get 1)))
    (func (export "trap") (param f64) (result f64) (unreachable))
    (func (export "throws") (param f64) (result f64) (call $throws (local.get 0)))))"));
  auto divide = i.func("divide").typed<double(double, double)>();
  double nearest = divide(1, 3);
  std::fesetround(FE_UPWARD);
  double upward = divide(1, 3);
  bool kept = std::fegetround() == FE_UPWARD;
  CHECK_THROWS_AS(i.func("trap").typed<double(double)>()(1), Trap);
  kept = kept && std::fegetround() == FE_UPWARD;
  CHECK_THROWS_AS(i.func("throws").typed<double(double)>()(1), std::runtime_error);
  kept = kept && std::fegetround() == FE_UPWARD;
  std::fesetround(FE_TONEAREST);
  CHECK(upward == nearest);
  CHECK(kept);
}
