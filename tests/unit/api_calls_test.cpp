// Calls in both directions, handles, memory, tables, globals, linking.
#include "api_fixture.hh"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace trapeze;
using test::engine, test::module;

namespace {

ErrorKind error_of(auto &&what) {
  try {
    what();
  } catch (const Error &e) {
    return e.kind();
  }
  FAIL("no error");
  return {};
}

} // namespace

TEST_CASE("typed and untyped calls of every numeric type") {
  Store store(engine());
  Instance i = Linker(store).instantiate(module(R"((module
    (func (export "i32") (param i32 i32) (result i32) (i32.sub (local.get 0) (local.get 1)))
    (func (export "i64") (param i64 i64) (result i64) (i64.mul (local.get 0) (local.get 1)))
    (func (export "f32") (param f32 f32) (result f32) (f32.div (local.get 0) (local.get 1)))
    (func (export "f64") (param f64 f64) (result f64) (f64.add (local.get 0) (local.get 1)))
    (func (export "swap") (param i32 f64) (result f64 i32) (local.get 1) (local.get 0))
    (func (export "none"))))"));
  CHECK(i.func("i32").typed<std::int32_t(std::int32_t, std::int32_t)>()(3, 5) == -2);
  CHECK(i.func("i64").typed<std::int64_t(std::int64_t, std::int64_t)>()(1LL << 40, -3) == -3 * (1LL << 40));
  CHECK(i.func("f32").typed<float(float, float)>()(1.0f, 4.0f) == 0.25f);
  CHECK(i.func("f64").typed<double(double, double)>()(0.1, 0.2) == 0.1 + 0.2);
  CHECK(i.func("swap").typed<std::tuple<double, std::int32_t>(std::int32_t, double)>()(7, 1.5) == std::tuple(1.5, 7));
  i.func("none").typed<void()>()();
  CHECK(i.func("i32").call({3, 5}) == std::vector<Val>{-2});
  CHECK(i.func("swap").call({7, 1.5}) == std::vector<Val>{1.5, 7});
  CHECK(i.func("none").call().empty());
  CHECK(to_string(i.func("swap").type()) == "[i32 f64] -> [f64 i32]");
}

TEST_CASE("many parameters and results go beyond the registers") {
  std::string params, results, body;
  for (int k = 0; k < 20; ++k) {
    const char *type = k % 3 == 0 ? "i32" : k % 3 == 1 ? "f64" : "i64";
    params += std::string(" ") + type;
    results = std::string(" ") + type + results;
    body = "(local.get " + std::to_string(k) + ")" + body;
  }
  Store store(engine());
  Instance i = Linker(store).instantiate(
      module("(module (func (export \"f\") (param" + params + ") (result" + results + ")" + body + "))"));
  std::vector<Val> args;
  for (int k = 0; k < 20; ++k)
    args.push_back(k % 3 == 0 ? Val(k) : k % 3 == 1 ? Val(k + 0.5) : Val(std::int64_t{k} << 33));
  std::vector<Val> got = i.func("f").call(args);
  REQUIRE(got.size() == 20);
  for (std::size_t k = 0; k < 20; ++k)
    CHECK(got[k] == args[19 - k]);
}

TEST_CASE("NaN payloads survive") {
  Store store(engine());
  Instance i = Linker(store).instantiate(module(R"((module
    (func (export "f32") (param f32) (result f32) (local.get 0))
    (func (export "f64") (param f64) (result f64) (local.get 0))))"));
  CHECK(i.func("f32").call({Val::f32_bits(0x7fa12345)})[0].f32_bits() == 0x7fa12345);
  CHECK(i.func("f64").call({Val::f64_bits(0xfff4000000000001)})[0].f64_bits() == 0xfff4000000000001);
}

TEST_CASE("wrong use is an Error and executes nothing") {
  Store store(engine()), other(engine());
  Instance i = Linker(store).instantiate(module(R"((module
    (func (export "f") (param i32) (result i32) (local.get 0))
    (global (export "g") i32 (i32.const 1)) (memory (export "m") 1)))"));
  Func f = i.func("f");
  CHECK(error_of([&] { f.call(); }) == ErrorKind::Usage);
  CHECK(error_of([&] { f.call({1.0}); }) == ErrorKind::Usage);
  CHECK(error_of([&] { f.typed<void(std::int32_t)>(); }) == ErrorKind::Usage);
  CHECK(error_of([&] { f.typed<float(std::int32_t)>(); }) == ErrorKind::Usage);
  CHECK(error_of([&] { i.func("g"); }) == ErrorKind::Usage);
  CHECK(error_of([&] { i.func("absent"); }) == ErrorKind::Usage);
  CHECK(error_of([&] { i.global("g").set(2); }) == ErrorKind::Usage);
  CHECK(error_of([&] { Func().call(); }) == ErrorKind::Usage);
  CHECK(error_of([&] { Val(1).i64(); }) == ErrorKind::Usage);
  CHECK(error_of([&] { Table(store, TableType{ValType::funcref(), {1, {}, false}}, Val(1)); }) == ErrorKind::Usage);
  Func foreign(other, [] {});
  Table table(store, TableType{ValType::funcref(), {1, {}, false}}, Val(Func()));
  CHECK(error_of([&] { table.set(0, foreign); }) == ErrorKind::Usage);
}

TEST_CASE("host functions: typed, with caller, with tuple, with state, untyped") {
  Store store(engine());
  Linker linker(store);
  int calls = 0;
  linker.func("env", "add", [](std::int32_t a, std::int32_t b) { return a + b; });
  linker.func("env", "count", [&calls] { ++calls; });
  linker.func("env", "split", [](std::int64_t v) { return std::tuple(std::int32_t(v), std::int32_t(v >> 32)); });
  linker.func("env", "peek", [](Caller &caller, std::uint32_t address) {
    return caller.find("memory").memory().read<std::uint32_t>(address);
  });
  linker.func("env", "sum", FuncType{std::vector<ValType>(9, ValType::f64()), {ValType::f64()}},
              [](Caller &, std::span<const Val> args, std::span<Val> results) {
                double sum = 0;
                for (const Val &v : args)
                  sum += v.f64();
                results[0] = sum;
              });
  Instance i = linker.instantiate(module(R"((module
    (import "env" "add" (func $add (param i32 i32) (result i32)))
    (import "env" "count" (func $count))
    (import "env" "split" (func $split (param i64) (result i32 i32)))
    (import "env" "peek" (func $peek (param i32) (result i32)))
    (import "env" "sum" (func $sum (param f64 f64 f64 f64 f64 f64 f64 f64 f64) (result f64)))
    (memory (export "memory") 1) (data (i32.const 16) "\01\02\03\04")
    (func (export "add") (param i32) (result i32) (call $count) (call $add (local.get 0) (i32.const 40)))
    (func (export "split") (param i64) (result i32 i32) (call $split (local.get 0)))
    (func (export "peek") (result i32) (call $peek (i32.const 16)))
    (func (export "tail") (param i32) (result i32) (return_call $add (local.get 0) (i32.const 1)))
    (func (export "sum") (result f64) (call $sum (f64.const 1) (f64.const 2) (f64.const 3) (f64.const 4) (f64.const 5)
      (f64.const 6) (f64.const 7) (f64.const 8) (f64.const 9)))))"));
  CHECK(i.func("add").call({2}) == std::vector<Val>{42});
  CHECK(calls == 1);
  CHECK(i.func("split").call({std::int64_t{0x100000002}}) == std::vector<Val>{2, 1});
  CHECK(i.func("peek").call() == std::vector<Val>{0x04030201});
  CHECK(i.func("tail").call({6}) == std::vector<Val>{7});
  CHECK(i.func("sum").call() == std::vector<Val>{45.0});
  CHECK(linker.find("env", "add").func().call({1, 2}) == std::vector<Val>{3});
}

TEST_CASE("references cross both ways and keep identity") {
  Store store(engine());
  Linker linker(store);
  ExternRef seen;
  linker.func("env", "take", [&seen](ExternRef r, Func f) {
    seen = r;
    return f;
  });
  Instance i = linker.instantiate(module(R"((module
    (import "env" "take" (func $take (param externref funcref) (result funcref)))
    (func $seven (export "seven") (result i32) (i32.const 7))
    (table (export "t") 2 externref)
    (elem declare func $seven)
    (func (export "pass") (param externref) (result funcref) (call $take (local.get 0) (ref.func $seven)))
    (func (export "keep") (param externref) (table.set (i32.const 1) (local.get 0)))
    (func (export "give") (result externref) (table.get (i32.const 1)))
    (func (export "is_null") (param externref) (result i32) (ref.is_null (local.get 0)))))"));
  ExternRef mine(store, std::string("mine"));
  std::vector<Val> back = i.func("pass").call({mine});
  CHECK(back[0].func() == i.func("seven"));
  CHECK(seen == mine);
  CHECK(std::any_cast<std::string>(seen.value()) == "mine");
  CHECK(back[0].func().call() == std::vector<Val>{7});
  i.func("keep").call({mine});
  mine = {};
  seen = {};
  store.collect();
  CHECK(std::any_cast<std::string>(i.func("give").call()[0].ext().value()) == "mine");
  CHECK(std::any_cast<std::string>(i.table("t").get(1).ext().value()) == "mine");
  CHECK(i.table("t").get(0).is_null());
  CHECK(i.func("is_null").call({ExternRef()}) == std::vector<Val>{1});
  CHECK_THROWS_AS(i.table("t").get(2), Trap);
}

TEST_CASE("references outlive their store as null") {
  ExternRef ref;
  {
    Store store(engine());
    ref = ExternRef(store, 1);
    CHECK(ref);
    CHECK(ref.store() == &store);
  }
  CHECK_FALSE(ref);
  CHECK(ref.store() == nullptr);
}

TEST_CASE("memory: views, bounds, growth") {
  Store store(engine());
  Instance i = Linker(store).instantiate(module(R"((module (memory (export "memory") 1 3)
    (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
    (func (export "grow") (result i32) (memory.grow (i32.const 1)))))"));
  Memory m = i.memory();
  CHECK(m.size() == 1);
  CHECK(m.view().size() == 65536);
  m.write<std::uint32_t>(65532, 0xdeadbeef);
  CHECK(i.func("load").call({65532}) == std::vector<Val>{std::uint32_t{0xdeadbeef}});
  CHECK_THROWS_AS(m.read<std::uint32_t>(65533), Trap);
  CHECK_THROWS_AS(m.read<std::uint8_t>(~std::uint64_t{0}), Trap);
  CHECK_FALSE(m.slice(1, 65536));
  std::uint8_t *before = m.data();
  CHECK(i.func("grow").call() == std::vector<Val>{1});
  CHECK(m.data() == before);
  CHECK(m.byte_size() == 131072);
  CHECK(m.grow(1) == 2);
  CHECK_FALSE(m.grow(1));
  CHECK(m.type().limits == Limits{3, 3, false});
}

TEST_CASE("globals and tables of the host are shared with instances") {
  Store store(engine());
  Global g(store, {ValType::i64(), true}, std::int64_t{5});
  Table t(store, {ValType::funcref(), {2, {}, false}}, Val(Func()));
  Memory m(store, {{1, 2, false}, false, 16});
  Linker linker(store);
  linker.define("h", "g", g).define("h", "t", t).define("h", "m", m);
  Instance i = linker.instantiate(module(R"((module
    (import "h" "g" (global $g (mut i64))) (import "h" "t" (table 2 funcref)) (import "h" "m" (memory 1 2))
    (export "g" (global $g))
    (elem (i32.const 1) $f) (data (i32.const 0) "hi")
    (func $f (result i64) (global.set $g (i64.add (global.get $g) (i64.const 1))) (global.get $g))
    (func (export "call") (param i32) (result i64) (call_indirect (result i64) (local.get 0)))))"));
  CHECK(i.func("call").call({1}) == std::vector<Val>{std::int64_t{6}});
  CHECK(g.get() == Val(std::int64_t{6}));
  g.set(std::int64_t{10});
  CHECK(t.get(1).func().call() == std::vector<Val>{std::int64_t{11}});
  CHECK(i.global("g") == g);
  CHECK(m.read<char>(1) == 'i');
  t.set(0, Func(store, [] { return std::int64_t{99}; }));
  CHECK(i.func("call").call({0}) == std::vector<Val>{std::int64_t{99}});
  CHECK(t.grow(1, Val(Func())) == 2);
  CHECK(t.size() == 3);
}

TEST_CASE("linking: instances by name, replaced definitions, missing and wrong imports") {
  Store store(engine());
  Linker linker(store);
  Instance first = linker.instantiate(module(R"((module (func (export "f") (result i32) (i32.const 1))))"));
  linker.instance("a", first);
  Module wants = module(R"((module (import "a" "f" (func $f (result i32))) (export "f" (func $f))))");
  Instance second = linker.instantiate(wants);
  CHECK(second.func("f") == first.func("f"));
  CHECK(second.module().name() == "test.wat");

  linker.define("a", "f", Func(store, [] { return 2; }));
  CHECK(linker.instantiate(wants).func("f").call() == std::vector<Val>{2});

  linker.define("a", "f", Func(store, [] { return 2.0; }));
  CHECK(error_of([&] { linker.instantiate(wants); }) == ErrorKind::Unlinkable);

  Module unknown = module(R"((module (import "x" "y" (func (param i32) (result i64))) (import "x" "z" (global i32))))");
  try {
    linker.instantiate(unknown);
    FAIL("linked");
  } catch (const Error &e) {
    CHECK(e.kind() == ErrorKind::Unlinkable);
    CHECK(e.message() == "unknown import: `x.y` (func [i32] -> [i64]), `x.z` (global i32)");
  }
}

TEST_CASE("unknown imports as traps and as zeros") {
  Module m = module(R"((module (import "x" "y" (func $y (param i32) (result i64 externref)))
    (import "x" "g" (global f64)) (import "x" "t" (table 3 funcref)) (import "x" "m" (memory 2)) (import "x" "e" (tag (param i32)))
    (export "m" (memory 0))
    (func (export "f") (result i64 externref) (call $y (i32.const 1)))))");
  Store store(engine());
  Instance zero = Linker(store).unknown_imports(UnknownImports::Zero).instantiate(m);
  CHECK(zero.func("f").call() == std::vector<Val>{std::int64_t{0}, Val::null(HeapKind::Extern)});
  CHECK(zero.memory("m").size() == 2);
  Instance trap = Linker(store).unknown_imports(UnknownImports::Trap).instantiate(m);
  try {
    trap.func("f").call();
    FAIL("returned");
  } catch (const Trap &t) {
    CHECK(t.code() == TrapCode::HostError);
    CHECK(t.message() == "call of the unknown import `x.y` (func [i32] -> [i64 externref])");
  }
}

TEST_CASE("what a module says about itself") {
  Module m = module(R"((module $name (import "a" "b" (func (param i32))) (import "a" "t" (tag (param i64 f32)))
    (memory (export "m") 1 5) (table (export "t") 3 externref) (global (export "g") (mut f32) (f32.const 0))
    (func (export "f") (result i32) (i32.const 0))))");
  std::vector<ImportType> imports = m.imports();
  REQUIRE(imports.size() == 2);
  CHECK(imports[0].module == "a");
  CHECK(std::get<FuncType>(imports[0].type) == FuncType{{ValType::i32()}, {}});
  CHECK(imports[1].kind() == ExternKind::Tag);
  CHECK(std::get<TagType>(imports[1].type).fields == std::vector{ValType::i64(), ValType::f32()});
  std::vector<ExportType> exports = m.exports();
  REQUIRE(exports.size() == 4);
  CHECK(std::get<MemoryType>(exports[0].type).limits == Limits{1, 5, false});
  CHECK(std::get<TableType>(exports[1].type).element == ValType::externref());
  CHECK(std::get<GlobalType>(exports[2].type) == GlobalType{ValType::f32(), true});
  CHECK(exports[3].name == "f");
}

TEST_CASE("values in words") {
  CHECK(value_text(-1) == "-1");
  CHECK(value_text(std::uint32_t{0xffffffff}) == "-1");
  CHECK(value_text(std::int64_t{INT64_MIN}) == "-9223372036854775808");
  CHECK(value_text(0.1) == "0.1");
  CHECK(value_text(0.1f) == "0.1");
  CHECK(value_text(1e300) == "1e+300");
  CHECK(value_text(-0.0) == "-0");
  CHECK(value_text(std::numeric_limits<double>::infinity()) == "inf");
  CHECK(value_text(std::nan("")) == "nan");
  CHECK(value_text(Val::f32_bits(0xffa00000)) == "-nan:0x200000");
  CHECK(to_string(Val::null(HeapKind::Exn)) == "exnref:null");
}
