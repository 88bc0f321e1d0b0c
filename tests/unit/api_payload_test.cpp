// Payloads across the border: what the host builds Wasm catches, what Wasm throws the host reads, bit by bit,
// references included; one exception thrown many times by host and Wasm in turn stays one object.
#include "api_unwinder.hh"

#include "trapeze/trapeze.hh"

#include <doctest/doctest.h>

#include <vector>

using namespace trapeze;

namespace {

const std::vector<ValType> everything = {ValType::i32(),     ValType::i64(),       ValType::f32(),    ValType::f64(),
                                         ValType::funcref(), ValType::externref(), ValType::exnref(), ValType::i32(),
                                         ValType::i64(),     ValType::f32(),       ValType::f64(),    ValType::i32(),
                                         ValType::funcref(), ValType::externref(), ValType::exnref(), ValType::i64()};

constexpr std::string_view text = R"((module
  (type $fields (func (param i32 i64 f32 f64 funcref externref exnref i32 i64 f32 f64 i32 funcref externref exnref i64)))
  (type $all (func (result i32 i64 f32 f64 funcref externref exnref i32 i64 f32 f64 i32 funcref externref exnref i64)))
  (import "h" "t" (tag $t (type $fields)))
  (import "h" "throw" (func $throw))
  (func (export "catch") (type $all) (try_table (catch $t 0) (call $throw)) (unreachable))
  (func (export "legacy") (type $all) (try (type $all) (do (call $throw) (unreachable)) (catch $t)))
  (func (export "throw") (type $fields)
    (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6) (local.get 7)
    (local.get 8) (local.get 9) (local.get 10) (local.get 11) (local.get 12) (local.get 13) (local.get 14) (local.get 15)
    (throw $t))
  (func $nothing (export "nothing"))
  (func (export "catch_ref") (result exnref)
    (block $h (result exnref) (try_table (catch_all_ref $h) (call $throw)) (unreachable)))
  (func (export "again") (param exnref) (result exnref)
    (block $h (result exnref) (try_table (catch_all_ref $h) (throw_ref (local.get 0))) (unreachable)))
  (func (export "through") (call $throw))))";

struct World {
  Engine engine{test::config()};
  Store store{engine};
  Tag tag{store, everything};
  std::function<void()> thrower = [] {};
  Instance instance;
  std::vector<Val> values;

  World() {
    Linker linker(store);
    linker.define("h", "t", tag).func("h", "throw", [this] { thrower(); });
    instance = linker.instantiate(Module::from_text(engine, text, "payload.wat"));
    Tag inner(store, {ValType::i32()});
    thrower = [inner] { throw Exception(inner, {77}); };
    ExnRef kept = instance.func("catch_ref").call()[0].exn();
    Func nothing = instance.func("nothing");
    ExternRef object(store, 5);
    values = {-1,
              std::int64_t{-2},
              Val::f32_bits(0x7fa12345),
              Val::f64_bits(0xfff0000000000001),
              nothing,
              object,
              kept,
              3,
              std::int64_t{1} << 40,
              1.5f,
              -0.0,
              std::int32_t{-2147483647 - 1},
              Val::null(HeapKind::Func),
              Val::null(HeapKind::Extern),
              Val::null(HeapKind::Exn),
              std::int64_t{9}};
  }
};

} // namespace

TEST_CASE("a host's exception with sixteen fields of every type is caught with the same values") {
  World w;
  w.thrower = [&] { throw Exception(w.tag, w.values); };
  for (const char *name : {"catch", "legacy"}) {
    CAPTURE(name);
    w.store.collect();
    std::vector<Val> got = w.instance.func(name).call();
    REQUIRE(got.size() == w.values.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      CAPTURE(i);
      CHECK(got[i] == w.values[i]);
    }
  }
}

TEST_CASE("a Wasm exception with sixteen fields of every type is read by the host") {
  World w;
  try {
    w.instance.func("throw").call(w.values);
    FAIL("returned");
  } catch (const Exception &e) {
    w.store.collect();
    CHECK(e.tag() == w.tag);
    CHECK(e.values() == w.values);
    CHECK(e.ref().values() == w.values);
    CHECK(e.values()[6].exn().values() == std::vector<Val>{77});
  }
}

TEST_CASE("one exception, thrown by host and Wasm in turn, later and more than once, stays one object") {
  World w;
  w.thrower = [&] { throw Exception(w.tag, w.values); };
  ExnRef first = w.instance.func("catch_ref").call()[0].exn();
  for (int round = 0; round < 3; ++round) {
    w.store.collect();
    CHECK(w.instance.func("again").call({first})[0].exn() == first);
    w.thrower = [&] { throw Exception(first); };
    CHECK(w.instance.func("catch_ref").call()[0].exn() == first);
    std::optional<Exception> held;
    try {
      w.instance.func("through").call();
    } catch (const Exception &e) {
      held = e;
    }
    REQUIRE(held);
    CHECK(held->ref() == first);
    w.thrower = [&] { throw *held; }; // a copy of the C++ object is the same exception
    CHECK(w.instance.func("catch_ref").call()[0].exn() == first);
  }
  CHECK(first.values() == w.values);
}

TEST_CASE("a C++ exception's reference may be kept by the host and thrown again: the very object arrives") {
  World w;
  struct Mine {
    std::shared_ptr<int> value;
  };
  auto value = std::make_shared<int>(4);
  w.thrower = [&] { throw Mine{value}; };
  ExnRef kept = w.instance.func("catch_ref").call()[0].exn();
  CHECK(kept.is_foreign());
  CHECK(kept.values().empty());
  w.store.collect();
  w.thrower = [&] { std::rethrow_exception(kept.foreign()); };
  for (int round = 0; round < 2; ++round)
    try {
      w.instance.func("through").call();
      FAIL("returned");
    } catch (const Mine &m) {
      CHECK(m.value == value);
    }
  CHECK(w.instance.func("again").call({kept})[0].exn().is_foreign());
  kept = {};
  w.thrower = [] {};
  w.store.collect();
  w.instance.func("through").call(); // dead foreign objects are let go where user code may run
  CHECK(value.use_count() == 1);
  CHECK(std::uncaught_exceptions() == 0);
}

TEST_CASE("either form of exceptions can be turned off by its flag, and the message names it") {
  struct Case {
    const char *off, *text;
  };
  for (Case c : {Case{"exceptions", "(module (func (block $h (try_table (catch_all $h)))))"},
                 Case{"legacy-exceptions", "(module (func (try (do) (catch_all))))"}}) {
    CAPTURE(c.off);
    Engine without(test::config().disable(c.off)), with(test::config());
    CHECK_NOTHROW(Module::from_text(with, c.text));
    try {
      Module::from_text(without, c.text);
      FAIL("accepted");
    } catch (const Error &e) {
      CHECK(e.message().find(c.off) != std::string::npos);
    }
  }
}
