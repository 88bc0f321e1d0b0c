// Throws by hand-written frames: to pads, across instances, through the host, and out.
#include "runtime_assembler.hh"

#include "runtime/code_region.hh"
#include "runtime/tag.hh"

#include <cstddef>
#include <stdexcept>

using namespace trapeze;
using namespace trapeze::test;
using namespace trapeze::runtime;
using abi::Builtin;
using wasm::i32_type;

namespace {

constexpr u32 payload_offset = offsetof(abi::StoreContext, payload);

/// mov rax, [r13]; mov [rax + payload], edi; mov edi, tag; Throw
void throw_arg(Assembler &a, u32 tag, u32 region = image::no_region) {
  a.bytes({0x49, 0x8b, 0x45, 0, 0x89, 0xb8}).word(payload_offset).bytes({0xbf}).word(tag);
  a.call_builtin(Builtin::Throw, region).bytes({0x0f, 0x0b});
}

/// mov rax, [r13]; mov eax, [rax + payload]
Assembler &load_payload(Assembler &a) { return a.bytes({0x49, 0x8b, 0x45, 0, 0x8b, 0x80}).word(payload_offset); }

/// f(x) throws tag 0 with x; relay(x) calls f; run(x) = try relay(x) catch tag 0 -> payload + 1000.
/// With `other`, run's clause names a second tag of the same type.
struct Thrower {
  TestModule module;
  image::CodeImage image;
  explicit Thrower(u32 clause_tag = 0, bool with_ref = false) {
    auto type = module.type({i32_type}, {i32_type});
    auto tag_type = module.type({i32_type}, {});
    u32 f = module.func(type, "f"), relay = module.func(type, "relay");
    module.func(type, "run");
    module.tag(tag_type, "tag");
    module.tag(tag_type, "other");
    Assembler a(*module.module);
    a.begin().prologue();
    throw_arg(a, 0);
    a.end();
    a.begin().prologue().call(f).epilogue().end();
    u32 region = a.region(clause_tag, with_ref);
    a.begin().prologue().bytes({0xbb, 5, 0, 0, 0}).call(relay, region).epilogue();
    a.pad(region);
    if (with_ref) // mov edi, tag; MakeExnref; mov [rbp - 48], eax: kept as a root while a second one is made
      a.bytes({0xbf}).word(clause_tag).call_builtin(Builtin::MakeExnref);
    load_payload(a).bytes({0x05}).word(1000).epilogue().end();
    image = a.take();
  }
};

} // namespace

TEST_CASE("a throw lands in the pad two frames up, payload and instance in place") {
  World world;
  Thrower m;
  Instance *instance = world.instantiate(m.module, std::move(m.image));
  i32 result = 0;
  for (int i = 0; i < 100; ++i) {
    CHECK(call(world, world.func(instance, "run"), {i}, result).is_ok());
    CHECK(result == i + 1000);
  }
  CHECK(world.store->stats().throws == 100);
  CHECK(world.store->stats().heap_objects == 0); // no clause asked for a reference
}

TEST_CASE("a clause with another tag of the same type does not catch; the host gets the exception and its backtrace") {
  World world;
  Thrower m(1);
  Instance *instance = world.instantiate(m.module, std::move(m.image));
  i32 result = 0;
  Outcome outcome = call(world, world.func(instance, "run"), {5}, result);
  REQUIRE(outcome.kind == OutcomeKind::Exception);
  CHECK(world.store->exception_tag(outcome.exception.raw()) == instance->tag(0));
  CHECK(get<i32>(world.store->exception_fields(outcome.exception.raw())[0]) == 5);
  Backtrace trace = world.store->symbolise(outcome.backtrace);
  REQUIRE(trace.frames.size() == 3);
  CHECK(trace.frames[0].func == 0);
  CHECK(trace.frames[1].func == 1);
  CHECK(trace.frames[2].func == 2);
  world.store->collect();
  CHECK(world.store->stats().heap_objects == 1);
  outcome = {};
  world.store->collect();
  CHECK(world.store->stats().heap_objects == 0);
}

TEST_CASE("throws_slowly: C++ alone finds the handlers that the stubs find, and counts alike") {
  World world;
  for (u64 slowly : {0u, 1u}) {
    world.store->context().throws_slowly = slowly;
    u64 before = world.store->stats().throws;
    i32 result = 0;
    for (u32 tag : {0u, 1u, image::catch_all_tag})
      for (bool with_ref : {false, true}) {
        Thrower m(tag, with_ref);
        Instance *instance = world.instantiate(m.module, std::move(m.image));
        result = 0;
        Outcome outcome = call(world, world.func(instance, "run"), {7}, result);
        CHECK(outcome.kind == (tag == 1 ? OutcomeKind::Exception : OutcomeKind::Ok));
        CHECK(result == (tag == 1 ? 0 : 1007));
      }
    CHECK(world.store->stats().throws == before + 6);
  }
}

TEST_CASE("catch_all and _ref clauses; objects are reclaimed") {
  World world;
  for (u32 tag : {0u, image::catch_all_tag}) {
    Thrower m(tag, true);
    Instance *instance = world.instantiate(m.module, std::move(m.image));
    i32 result = 0;
    for (int i = 0; i < 100'000; ++i) {
      REQUIRE(call(world, world.func(instance, "run"), {i}, result).is_ok());
      REQUIRE(result == i + 1000);
    }
  }
  StoreStats stats = world.store->stats();
  CHECK(stats.collections > 3);
  CHECK(stats.heap_bytes < 4 << 20);
}

TEST_CASE("stress: a collection at every safepoint keeps what is in flight") {
  World world;
  world.engine->set_stress_collect(true);
  Thrower m(0, true);
  Instance *instance = world.instantiate(m.module, std::move(m.image));
  i32 result = 0;
  for (int i = 0; i < 10; ++i) {
    CHECK(call(world, world.func(instance, "run"), {i}, result).is_ok());
    CHECK(result == i + 1000);
  }
  CHECK(world.store->stats().collections >= 10);
}

TEST_CASE("tags are compared through the frame's own instance: two instances of one module do not catch each other") {
  World world;
  // thrower: f throws its tag. catcher: run = try import() catch tag 0.
  Thrower thrower;
  auto thrower_code = Code::load(world.engine, thrower.module.module, std::move(thrower.image));
  auto first = runtime::instantiate(*world.store, *thrower_code, {});
  auto second = runtime::instantiate(*world.store, *thrower_code, {});
  TestModule m;
  auto type = m.type({i32_type}, {i32_type});
  auto tag_type = m.type({i32_type}, {});
  u32 f = m.import_func(type, "f");
  m.import_tag(tag_type, "tag");
  m.func(type, "run");
  Assembler a(*m.module);
  u32 region = a.region(0, false);
  a.begin().prologue().call_import(f, region).epilogue().pad(region);
  load_payload(a).epilogue().end();
  auto catcher = Code::load(world.engine, m.module, a.take());
  Extern same[] = {world.func(first->instance, "f"), first->instance->tag(0)};
  Extern crossed[] = {world.func(first->instance, "f"), second->instance->tag(0)};
  Instance *good = runtime::instantiate(*world.store, *catcher, same)->instance;
  Instance *bad = runtime::instantiate(*world.store, *catcher, crossed)->instance;
  i32 result = 0;
  CHECK(call(world, world.func(good, "run"), {77}, result).is_ok());
  CHECK(result == 77);
  CHECK(call(world, world.func(bad, "run"), {77}, result).kind == OutcomeKind::Exception);
}

namespace {

/// run(x) = try host(x) catch_clause -> 1, or with `rethrows` MakeExnref and ThrowRef
struct CatchesHost {
  TestModule module;
  image::CodeImage image;
  CatchesHost(u32 clause_tag, bool rethrows) {
    auto type = module.type({i32_type}, {i32_type});
    auto tag_type = module.type({i32_type}, {});
    u32 f = module.import_func(type, "f");
    module.import_tag(tag_type, "tag");
    module.func(type, "run");
    Assembler a(*module.module);
    u32 region = a.region(clause_tag, rethrows);
    a.begin().prologue().call_import(f, region).epilogue().pad(region);
    if (rethrows) {
      a.bytes({0xbf}).word(clause_tag).call_builtin(Builtin::MakeExnref);
      a.bytes({0x89, 0xc7}).call_builtin(Builtin::ThrowRef).bytes({0x0f, 0x0b}); // mov edi, eax
    } else {
      a.bytes({0xb8, 1, 0, 0, 0}).epilogue();
    }
    a.end();
    image = a.take();
  }
};

struct Counted {
  static inline int alive = 0;
  int value;
  explicit Counted(int v) : value(v) { ++alive; }
  Counted(const Counted &other) : value(other.value) { ++alive; }
  ~Counted() { --alive; }
};

} // namespace

TEST_CASE("the host throws by tag; a trap and an exit pass catch_all") {
  World world;
  Tag *tag = world.store->make_tag({{i32_type}, {}});
  int mode = 0;
  Func f =
      world.store->make_func({{i32_type}, {i32_type}},
                             make_host_code([&](Caller &caller, std::span<const ValueCell> args, std::span<ValueCell>) {
                               if (mode == 1)
                                 return HostResult::trap("trap");
                               if (mode == 2)
                                 return HostResult::exit(3);
                               return HostResult::thrown(caller.store().make_exception(tag, args));
                             }));
  CatchesHost by_tag(0, false), all(image::catch_all_tag, false);
  Instance *first = world.instantiate(by_tag.module, std::move(by_tag.image), {f, tag});
  Instance *second = world.instantiate(all.module, std::move(all.image), {f, tag});
  i32 result = 0;
  for (Instance *instance : {first, second}) {
    mode = 0;
    CHECK(call(world, world.func(instance, "run"), {9}, result).is_ok());
    CHECK(result == 1);
    mode = 1;
    CHECK(call(world, world.func(instance, "run"), {9}, result).kind == OutcomeKind::Trap);
    mode = 2;
    CHECK(call(world, world.func(instance, "run"), {9}, result).kind == OutcomeKind::Exit);
  }
}

TEST_CASE("a C++ exception is foreign: a tag does not catch it, catch_all does, throw_ref hands the same object on") {
  World world;
  Tag *tag = world.store->make_tag({{i32_type}, {}});
  Counted *thrown = nullptr;
  Func f = world.store->make_func(
      {{i32_type}, {i32_type}},
      make_host_code([&](Caller &, std::span<const ValueCell> args, std::span<ValueCell>) -> HostResult {
        try {
          throw Counted(get<i32>(args[0]));
        } catch (Counted &c) {
          thrown = &c;
          throw;
        }
      }));
  CatchesHost by_tag(0, false), all(image::catch_all_tag, false), again(image::catch_all_tag, true);
  Instance *first = world.instantiate(by_tag.module, std::move(by_tag.image), {f, tag});
  Instance *second = world.instantiate(all.module, std::move(all.image), {f, tag});
  Instance *third = world.instantiate(again.module, std::move(again.image), {f, tag});
  i32 result = 0;
  for (Instance *instance : {first, third}) {
    try {
      call(world, world.func(instance, "run"), {9}, result);
      FAIL("must throw");
    } catch (Counted &c) {
      CHECK(&c == thrown);
      CHECK(c.value == 9);
    }
  }
  CHECK(std::uncaught_exceptions() == 0);
  CHECK(call(world, world.func(second, "run"), {9}, result).is_ok());
  CHECK(result == 1);
  CHECK(Counted::alive > 0);
  world.store->collect();
  world.store->release_foreign();
  CHECK(Counted::alive == 0);
}

TEST_CASE("Wasm -> host -> Wasm -> throw: the host catches between, or hands the exception on to the outer pad") {
  World world;
  Thrower thrower(1); // run does not catch its own tag 0
  Instance *inner = world.instantiate(thrower.module, std::move(thrower.image));
  bool hands_on = false;
  int destroyed = 0;
  Func f = world.store->make_func(
      {{i32_type}, {i32_type}},
      make_host_code([&](Caller &caller, std::span<const ValueCell> args, std::span<ValueCell> results) -> HostResult {
        struct Local {
          int &count;
          ~Local() { ++count; }
        } local{destroyed};
        Outcome outcome = caller.store().call(std::get<Func>(*inner->find_export("run")), args, results);
        CHECK(outcome.kind == OutcomeKind::Exception);
        if (hands_on)
          return HostResult::of(std::move(outcome));
        set(results[0], 55);
        return HostResult::returned();
      }));
  CatchesHost outer(0, false);
  Instance *instance = world.instantiate(outer.module, std::move(outer.image), {f, inner->tag(0)});
  i32 result = 0;
  CHECK(call(world, world.func(instance, "run"), {9}, result).is_ok());
  CHECK(result == 55);
  hands_on = true;
  CHECK(call(world, world.func(instance, "run"), {9}, result).is_ok());
  CHECK(result == 1);
  CHECK(destroyed == 2);
}

TEST_CASE("publish, throw, drop at the same addresses") {
  World world;
  u32 before = CodeRegions::get().granules_in_use();
  for (int i = 0; i < 300; ++i) {
    auto store = *Store::create(world.engine);
    Thrower m(i % 2);
    auto code = Code::load(world.engine, m.module.module, std::move(m.image));
    auto made = runtime::instantiate(*store, *code, {});
    ValueCell arg[1] = {cell_of(i)}, result[1];
    Outcome outcome = store->call(std::get<Func>(*made->instance->find_export("run")), arg, result);
    REQUIRE(outcome.kind == (i % 2 == 0 ? OutcomeKind::Ok : OutcomeKind::Exception));
  }
  CHECK(CodeRegions::get().granules_in_use() == before);
}
