// Exceptions and traps at the borders between host and Wasm, both ways and nested.
#include "api_fixture.hh"

#include "api/cpp_exception.hh"

#include <algorithm>
#include <cstring>
#include <doctest/doctest.h>
#include <iterator>

#include <stdexcept>

using namespace trapeze;
using test::engine, test::module;

namespace {

/// A C++ exception that can be told apart from a copy of it.
struct Foreign {
  explicit Foreign(int *alive, int v) : alive(alive), value(v) { ++*alive; }
  Foreign(const Foreign &other) : alive(other.alive), value(other.value) { ++*alive; }
  ~Foreign() { --*alive; }
  int *alive;
  int value;
};

/// Counts how often it dies.
struct Guard {
  int *count;
  ~Guard() { ++*count; }
};

TrapCode trap_of(const Func &f, std::vector<Val> args = {}) {
  try {
    f.call(args);
  } catch (const Trap &t) {
    return t.code();
  }
  FAIL("no trap");
  return {};
}

} // namespace

TEST_CASE("an uncaught Wasm exception is a trapeze::Exception with tag, values and frames") {
  Store store(engine());
  Instance i = Linker(store).instantiate(module(R"((module $m
    (tag $e (export "e") (param i32 f64 i64))
    (func $inner (param i32) (throw $e (local.get 0) (f64.const 2.5) (i64.const -7)))
    (func $outer (export "f") (param i32) (call $inner (local.get 0)))))"));
  try {
    i.func("f").call({41});
    FAIL("returned");
  } catch (const Exception &e) {
    CHECK(e.tag() == i.tag("e"));
    CHECK(e.values() == std::vector<Val>{41, 2.5, std::int64_t{-7}});
    CHECK(std::string(e.what()) == "exception e(i32:41, f64:2.5, i64:-7)");
    REQUIRE(e.frames().size() == 2);
    CHECK(e.frames()[0].function == "inner");
    CHECK(e.frames()[1].function == "outer");
    CHECK(e.frames()[0].module == "test.wat");
    CHECK(e.frames()[0].offset != ~0ull);
    CHECK(e.ref().tag() == e.tag());
    CHECK_FALSE(e.ref().is_foreign());
  }
}

TEST_CASE("an exception outlives its store") {
  std::optional<Exception> kept;
  {
    Store store(engine());
    Instance i = Linker(store).instantiate(
        module(R"((module (tag $e (param i32)) (func (export "f") (throw $e (i32.const 3)))))"));
    try {
      i.func("f").call();
    } catch (const Exception &e) {
      kept = e;
    }
  }
  REQUIRE(kept);
  CHECK(kept->values() == std::vector<Val>{3});
  CHECK_FALSE(kept->ref());
}

TEST_CASE("a host function throws by tag and Wasm catches it") {
  Store store(engine());
  Tag tag(store, {ValType::i32(), ValType::f32()});
  Linker linker(store);
  linker.define("h", "tag", tag);
  linker.func("h", "throw", [tag](std::int32_t v) { throw Exception(tag, {v, 0.5f}); });
  Instance i = linker.instantiate(module(R"((module
    (import "h" "tag" (tag $t (param i32 f32))) (import "h" "throw" (func $throw (param i32)))
    (tag $other (param i32 f32))
    (func (export "catch") (param i32) (result i32 f32)
      (block $h (result i32 f32)
        (try_table (catch $other $h) (catch $t $h) (call $throw (local.get 0)))
        (i32.const -1) (f32.const 0)))
    (func (export "pass") (param i32) (call $throw (local.get 0)))))"));
  CHECK(i.func("catch").call({17}) == std::vector<Val>{17, 0.5f});
  try {
    i.func("pass").call({18});
    FAIL("returned");
  } catch (const Exception &e) {
    CHECK(e.tag() == tag);
    CHECK(e.values()[0] == Val(18));
  }
  CHECK_THROWS_AS(Exception(tag, {1}), Error);
  CHECK_THROWS_AS(Exception(tag, {1, 2}), Error);
  CHECK_THROWS_AS(Exception(Tag(), {}), Error);
  CHECK_THROWS_AS(Exception(ExnRef{}), Error);
}

TEST_CASE("a host function throws as its result, without a C++ throw") {
  Store store(engine());
  Tag tag(store, {ValType::i32()});
  Linker linker(store);
  linker.define("h", "t", tag);
  int returned = 0;
  linker.func("h", "typed", [&](Caller &caller, std::int32_t n) -> std::int32_t {
    if (n < 0)
      caller.raise(Exception(tag, {n}));
    ++returned;
    return n;
  });
  // A result that has no default: what is raised makes up for it.
  linker.func("h", "untyped", FuncType{{}, {ValType::ref(HeapKind::Func, false)}},
              [&](Caller &caller, std::span<const Val>, std::span<Val>) { caller.raise(Exception(tag, {-7})); });
  Instance i = linker.instantiate(module(R"((module
    (import "h" "t" (tag $t (param i32)))
    (import "h" "typed" (func $typed (param i32) (result i32)))
    (import "h" "untyped" (func $untyped (result (ref func))))
    (func (export "typed") (param i32) (result i32)
      (block $h (result i32) (try_table (catch $t $h) (return (call $typed (local.get 0)))) (unreachable))
      (i32.mul (i32.const 100)))
    (func (export "untyped") (result i32)
      (block $h (result i32) (try_table (catch $t $h) (drop (call $untyped))) (i32.const 0)))
    (func (export "out") (drop (call $typed (i32.const -5))))))"));
  CHECK(i.func("typed").call({Val(3)}) == std::vector<Val>{3});
  CHECK(i.func("typed").call({Val(-3)}) == std::vector<Val>{-300});
  CHECK(i.func("untyped").call() == std::vector<Val>{-7});
  try {
    i.func("out").call();
    FAIL("returned");
  } catch (const Exception &e) {
    CHECK(e.tag() == tag);
    CHECK(e.values() == std::vector<Val>{-5});
  }
  CHECK(returned == 3);
}

TEST_CASE("thrown on unchanged through a host function it stays the same object") {
  Store store(engine());
  Linker linker(store);
  Func again;
  linker.func("h", "call", [&again] {
    try {
      again.call();
    } catch (const Exception &) {
      throw;
    }
  });
  ExnRef first;
  linker.func("h", "note", [&first](ExnRef r) { first = r; });
  Instance i = linker.instantiate(module(R"((module
    (import "h" "call" (func $call)) (import "h" "note" (func $note (param exnref)))
    (tag $e (param i32))
    (func (export "inner") (local exnref)
      (block $h (result i32 exnref)
        (try_table (catch_ref $e $h) (throw $e (i32.const 9))) (unreachable))
      (local.set 0) (drop) (call $note (local.get 0)) (throw_ref (local.get 0)))
    (func (export "outer") (result exnref)
      (block $h (result i32 exnref) (try_table (catch_ref $e $h) (call $call)) (unreachable))
      (return))))"));
  again = i.func("inner");
  std::vector<Val> got = i.func("outer").call();
  REQUIRE(got.size() == 1);
  CHECK(got[0].exn() == first);
  CHECK(got[0].exn().values() == std::vector<Val>{9});
}

TEST_CASE("a C++ exception crosses Wasm: same object, caught once, destructors once") {
  int alive = 0, guards = 0;
  {
    Store store(engine());
    Linker linker(store);
    linker.func("h", "throw", [&](std::int32_t v) {
      Guard guard{&guards};
      throw Foreign(&alive, v);
    });
    Instance i = linker.instantiate(module(R"((module
      (import "h" "throw" (func $throw (param i32))) (tag $e)
      (global $cleanups (export "cleanups") (mut i32) (i32.const 0))
      (func (export "pass") (call $throw (i32.const 5)))
      (func (export "cleanup")
        (block $h (result exnref)
          (try_table (catch $e 1) (catch_all_ref $h) (call $throw (i32.const 6)))
          (return))
        (global.set $cleanups (i32.add (global.get $cleanups) (i32.const 1)))
        (throw_ref))
      (func (export "swallow") (result i32)
        (block $h (try_table (catch $e 0) (catch_all $h) (call $throw (i32.const 7))) (return (i32.const 0)))
        (i32.const 1))))"));
    for (const char *name : {"pass", "cleanup"})
      try {
        i.func(name).call();
        FAIL("returned");
      } catch (const Foreign &f) {
        CHECK(f.value == (std::string(name) == "pass" ? 5 : 6));
        CHECK(alive >= 1);
      }
    CHECK(std::uncaught_exceptions() == 0);
    CHECK(i.global("cleanups").get() == Val(1));
    CHECK(i.func("swallow").call() == std::vector<Val>{1});
    CHECK(guards == 3);
    store.collect();
    i.func("swallow").call(); // dead foreign objects are let go where user code may run
    CHECK(alive <= 1);
  }
  CHECK(alive == 0);
  CHECK(guards == 4);
}

TEST_CASE("host -> Wasm -> host -> Wasm -> host with destructors between") {
  int guards = 0;
  Store store(engine());
  Linker linker(store);
  Func inner;
  Tag tag(store, {ValType::i32()});
  linker.define("h", "t", tag);
  linker.func("h", "leaf", [&, tag](std::int32_t kind) {
    Guard g{&guards};
    if (kind == 0)
      throw Exception(tag, {123});
    if (kind == 1)
      throw std::runtime_error("leaf");
    if (kind == 2)
      throw Trap("leaf trap");
    throw Exit(77);
  });
  linker.func("h", "middle", [&](std::int32_t kind) {
    Guard g{&guards};
    inner.call({kind});
  });
  Instance i = linker.instantiate(module(R"((module
    (import "h" "t" (tag $t (param i32)))
    (import "h" "leaf" (func $leaf (param i32))) (import "h" "middle" (func $middle (param i32)))
    (func (export "inner") (param i32) (call $leaf (local.get 0)))
    (func (export "outer") (param i32) (result i32)
      (block $all
        (block $h (result i32)
          (try_table (catch $t $h) (catch_all $all) (call $middle (local.get 0)))
          (return (i32.const 0)))
        (return))
      (i32.const -1))))"));
  inner = i.func("inner");
  Func outer = i.func("outer");
  CHECK(outer.call({0}) == std::vector<Val>{123});
  CHECK(guards == 2);
  CHECK(outer.call({1}) == std::vector<Val>{-1});
  CHECK(guards == 4);
  try {
    outer.call({2});
    FAIL("a trap was caught");
  } catch (const Trap &t) {
    CHECK(t.message() == "leaf trap");
    CHECK(t.frames().size() >= 1);
  }
  CHECK(guards == 6);
  try {
    outer.call({3});
    FAIL("an exit was caught");
  } catch (const Exit &e) {
    CHECK(e.status() == 77);
  }
  CHECK(guards == 8);
}

TEST_CASE("a destructor that itself calls Wasm which throws and catches") {
  Store store(engine());
  Linker linker(store);
  Func quiet;
  int results = 0;
  struct Caller2 {
    Func *f;
    int *sum;
    ~Caller2() { *sum += f->call()[0].i32(); }
  };
  linker.func("h", "throw", [&] {
    Caller2 c{&quiet, &results};
    throw std::logic_error("outer");
  });
  Instance i = linker.instantiate(module(R"((module (import "h" "throw" (func $throw)) (tag $e (param i32))
    (func $raise (throw $e (i32.const 11)))
    (func (export "quiet") (result i32) (block $h (result i32) (try_table (catch $e $h) (call $raise)) (i32.const 0)))
    (func (export "f") (call $throw))))"));
  quiet = i.func("quiet");
  CHECK_THROWS_AS(i.func("f").call(), std::logic_error);
  CHECK(results == 11);
}

TEST_CASE("traps pass catch_all, with their code and backtrace, and the store stays usable") {
  Store store(engine());
  Instance i = Linker(store).instantiate(module(R"((module (memory 1) (table 2 funcref) (type $v (func))
    (func $f0 (unreachable)) (func $f1 (drop (i32.div_s (i32.const 1) (i32.const 0))))
    (func $f2 (drop (i32.load (i32.const 65533)))) (func $f3 (call_indirect (type $v) (i32.const 0)))
    (func $f4 (call_indirect (type $v) (i32.const 5))) (func $f5 (drop (i32.trunc_f64_s (f64.const nan))))
    (func $f6 (drop (i64.div_s (i64.const 0x8000000000000000) (i64.const -1)))) (func $f7 (call $f7))
    (func $f8 (throw_ref (ref.null exn)))
    (table $all 9 funcref) (elem (table $all) (i32.const 0) func $f0 $f1 $f2 $f3 $f4 $f5 $f6 $f7 $f8)
    (func (export "f") (param i32) (result i32)
      (block $h (try_table (catch_all $h) (call_indirect $all (type $v) (local.get 0))) (return (i32.const 0)))
      (i32.const 1))
    (func (export "ok") (result i32) (i32.const 5))))"));
  Func f = i.func("f");
  TrapCode codes[] = {TrapCode::Unreachable,          TrapCode::IntegerDivideByZero, TrapCode::MemoryOutOfBounds,
                      TrapCode::UninitializedElement, TrapCode::UndefinedElement,    TrapCode::InvalidConversion,
                      TrapCode::IntegerOverflow,      TrapCode::StackOverflow,       TrapCode::NullExceptionReference};
  for (int k = 0; k < 9; ++k) {
    CAPTURE(k);
    CHECK(trap_of(f, {k}) == codes[k]);
    CHECK(i.func("ok").call() == std::vector<Val>{5});
  }
  try {
    f.call({0});
  } catch (const Trap &t) {
    REQUIRE(t.frames().size() == 2);
    CHECK(t.frames()[0].function == "f0");
    CHECK(t.frames()[1].function == "f");
    CHECK(to_string(t.frames()).find("f0 at test.wat:0x") != std::string::npos);
  }
  try {
    f.call({7});
  } catch (const Trap &t) {
    std::uint64_t left_out = 0;
    for (const Frame &frame : t.frames())
      left_out += frame.left_out;
    CHECK(left_out > 100);
    CHECK(t.frames().size() < 200);
  }
}

TEST_CASE("a start function that throws, traps, exits") {
  Store store(engine());
  Linker linker(store);
  linker.func("h", "exit", [] { throw Exit(3); });
  CHECK_THROWS_AS(linker.instantiate(module("(module (func $s (unreachable)) (start $s))")), Trap);
  CHECK_THROWS_AS(linker.instantiate(module("(module (tag $e) (func $s (throw $e)) (start $s))")), Exception);
  CHECK_THROWS_AS(linker.instantiate(module(R"((module (import "h" "exit" (func $x)) (start $x)))")), Exit);
  CHECK_THROWS_AS(linker.instantiate(module(R"((module (memory 1) (data (i32.const 65536) "x")))")), Trap);
}

TEST_CASE("exception references: kept by tables and the host through collections, reclaimed afterwards") {
  Store store(engine());
  Instance i = Linker(store).instantiate(module(R"((module (tag $e (param i32)) (table (export "t") 1 exnref)
    (func $raise (param i32) (throw $e (local.get 0)))
    (func (export "make") (param i32) (result exnref)
      (block $h (result i32 exnref) (try_table (catch_ref $e $h) (call $raise (local.get 0))) (unreachable))
      (return))
    (func (export "again") (param exnref) (result i32)
      (block $h (result i32) (try_table (catch $e $h) (throw_ref (local.get 0))) (unreachable)))))"));
  store.collect();
  std::size_t before = store.heap_objects();
  ExnRef held = i.func("make").call({1})[0].exn();
  i.table("t").set(0, i.func("make").call({2})[0]);
  for (int k = 0; k < 100; ++k)
    i.func("make").call({k});
  store.collect();
  CHECK(store.heap_objects() == before + 2);
  CHECK(held.values() == std::vector<Val>{1});
  CHECK(i.func("again").call({held}) == std::vector<Val>{1});
  CHECK(i.func("again").call({i.table("t").get(0)}) == std::vector<Val>{2});
  held = {};
  i.table("t").set(0, ExnRef());
  store.collect();
  CHECK(store.heap_objects() == before);
}

TEST_CASE("tags are compared by identity") {
  Store store(engine());
  Module m = module(R"((module (import "h" "t" (tag $i (param i32))) (tag $d (export "d") (param i32))
    (func (export "throw") (param i32) (if (local.get 0) (then (throw $i (i32.const 1)))) (throw $d (i32.const 2)))))");
  Tag a(store, {ValType::i32()}), b(store, {ValType::i32()});
  CHECK_FALSE(a == b);
  Instance x = Linker(store).define("h", "t", a).instantiate(m), y = Linker(store).define("h", "t", b).instantiate(m);
  CHECK_FALSE(x.tag("d") == y.tag("d"));
  auto tag_of = [](const Instance &i, int which) {
    try {
      i.func("throw").call({which});
    } catch (const Exception &e) {
      return e.tag();
    }
    return Tag();
  };
  CHECK(tag_of(x, 1) == a);
  CHECK(tag_of(y, 1) == b);
  CHECK(tag_of(x, 0) == x.tag("d"));
  CHECK(tag_of(y, 0) == y.tag("d"));
}

TEST_CASE("what a C++ program threw is read from its memory, and nothing is read that is not there") {
  // type_info of `Mine` at 64 {vtable 148, name 96, base 80}, of its base std::runtime_error at 80 {vtable, name 112};
  // before the vtable the type_info of __si_class_type_info at 136 {vtable, name 320}; the exception at 256: type_info
  // 48 bytes before, class, the object 32 behind with its message at 160.
  Store store(engine());
  Instance i = Linker(store).instantiate(
      module(R"((module (memory (export "memory") 1) (tag $e (param i32)) (tag $two (param i32 i32))
    (data (i32.const 144) "\88\00\00\00") (data (i32.const 136) "\00\00\00\00\40\01\00\00")
    (data (i32.const 320) "N10__cxxabiv120__si_class_type_infoE\00")
    (data (i32.const 64) "\94\00\00\00\60\00\00\00\50\00\00\00") (data (i32.const 80) "\00\00\00\00\70\00\00\00")
    (data (i32.const 96) "N2ns4MineE\00") (data (i32.const 112) "St13runtime_error\00") (data (i32.const 160) "the message\00")
    (data (i32.const 208) "\40\00\00\00") (data (i32.const 256) "\00++CGNLC") (data (i32.const 288) "\00\00\00\00\a0\00\00\00")
    (func (export "f") (param i32) (throw $e (local.get 0)))
    (func (export "two") (throw $two (i32.const 256) (i32.const 0)))))"));
  auto described = [&](const char *name, std::vector<Val> args) -> std::optional<api::CppException> {
    try {
      i.func(name).call(args);
    } catch (const Exception &e) {
      return api::describe_cpp_exception(e, i.memory());
    }
    return std::nullopt;
  };
  std::optional<api::CppException> found = described("f", {256});
  REQUIRE(found);
  CHECK(found->type == "ns::Mine");
  CHECK(found->what == "the message");
  i.memory().write<std::uint32_t>(72, 0xfffffffc); // a base outside of memory
  found = described("f", {256});
  REQUIRE(found);
  CHECK(found->what.empty());
  for (int wild : {0, 4, 255, 65530, -1, -256})
    CHECK_FALSE(described("f", {wild}));
  CHECK_FALSE(described("two", {}));
  Memory memory = i.memory();
  memory.write<std::uint32_t>(72, 64); // a base of itself
  CHECK(described("f", {256})->what.empty());
  memory.write<std::uint32_t>(72, 80);
  CHECK(described("f", {256})->what == "the message");
  memory.write<std::uint8_t>(334, '7'); // a class of its own kind: the word behind its name is nothing
  CHECK(described("f", {256})->what.empty());

  // Several bases: {flags, count, {base, offset << 8 | virtual}}; the first has no message, the second is 8 behind.
  std::memcpy(memory.data() + 320, "N10__cxxabiv121__vmi_class_type_infoE", 38);
  const std::uint32_t rows[] = {148, 96, 0, 2, 448, 2, 80, 8 << 8 | 2}, object[] = {0, 0, 0, 160};
  std::memcpy(memory.data() + 400, rows, sizeof rows);
  std::memcpy(memory.data() + 288, object, sizeof object);
  memory.write<std::uint32_t>(208, 400);
  CHECK(described("f", {256})->what == "the message");
  memory.write<std::uint32_t>(400 + 28, static_cast<std::uint32_t>(-16) << 8 | 1); // virtual: 8 stands in its vtable
  memory.write<std::uint32_t>(288, 496);
  memory.write<std::uint32_t>(480, 8);
  CHECK(described("f", {256})->what == "the message");
  memory.write<std::uint32_t>(400 + 12, 0xffffffff); // as many bases as there is memory
  memory.write<std::uint32_t>(400 + 24, 400);
  CHECK(described("f", {256})->what.empty());
  std::fill(memory.data() + 160, memory.data() + 65536, 'x'); // a text without an end
  CHECK_FALSE(described("f", {256}));
}

TEST_CASE("a C++ program's memory may hold anything") {
  Store store(engine());
  Instance i =
      Linker(store).instantiate(module(R"((module (memory (export "memory") 1) (tag $e (export "e") (param i32))))"));
  Memory memory = i.memory();
  Exception thrown(i.tag("e"), {256});
  const std::uint32_t words[] = {0,   1,   4,   64,  80,  96,  112,        144,        148,        136,        160,
                                 256, 288, 320, 400, 496, 508, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffff02, 65535};
  const char *names[] = {"St13runtime_error",
                         "N10__cxxabiv120__si_class_type_infoE",
                         "N10__cxxabiv121__vmi_class_type_infoE",
                         "PKc",
                         "x",
                         "1A"};
  std::uint64_t state = 1;
  auto next = [&state](std::uint64_t bound) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % bound;
  };
  int described = 0, with_text = 0;
  for (int round = 0; round < 200000; ++round) {
    std::uint64_t at = 64 + 4 * next(112);
    if (const char *name = names[next(std::size(names))]; next(4) == 0)
      std::memcpy(memory.data() + at, name, std::strlen(name) + 1);
    else
      memory.write<std::uint32_t>(at, words[next(std::size(words))]);
    memory.write<std::uint64_t>(256, 0x434c4e47432b2b00 | next(2));
    if (auto found = api::describe_cpp_exception(thrown, memory)) {
      ++described;
      with_text += !found->what.empty();
      REQUIRE(found->what.size() < 4100);
    }
  }
  CHECK(described > 1000);
  CHECK(with_text > 100);
}
