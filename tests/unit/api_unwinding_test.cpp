// Real machine-level unwinding through Wasm frames: forced unwinds of the thread library, C++ exceptions with the
// host's floating-point modes and registers, exceptions of other stores, and what each path costs in landings.
// Itanium C++ ABI, Exception Handling, 1.6.
#include "api_unwinder.hh"

#include "api/impl.hh"

#include <doctest/doctest.h>

#include <pthread.h>
#include <stdexcept>
#include <thread>
#include <xmmintrin.h>

using namespace trapeze;

namespace {

constexpr std::string_view relay = R"((module
  (import "h" "f" (func $f (param i32)))
  (global $caught (export "caught") (mut i32) (i32.const 0))
  (func $inner (param i32) (call $f (local.get 0)))
  (func (export "run") (param i32)
    (block $h (try_table (catch_all $h) (call $inner (local.get 0))) (return))
    (global.set $caught (i32.add (global.get $caught) (i32.const 1))))))";

struct Guard {
  int *count;
  ~Guard() { ++*count; }
};

/// A store with `relay`, whose host function does what the test says.
struct Fixture {
  Engine engine{test::config()};
  Store store{engine};
  Instance instance;

  explicit Fixture(std::function<void(std::int32_t)> body) : instance(link(std::move(body))) {}
  Instance link(std::function<void(std::int32_t)> body) {
    Linker linker(store);
    linker.func("h", "f", std::move(body));
    return linker.instantiate(Module::from_text(engine, relay, "relay.wat"));
  }
  void run(std::int32_t x) { instance.func("run").call({Val(x)}); }
  std::int32_t caught() { return instance.global("caught").get().i32(); }
  runtime::StoreStats stats() { return store.impl().store->stats(); }
};

/// Runs `body` on a thread that is expected to end by a forced unwind, and returns its result.
void *run_thread(void *(*body)(void *), void *argument) {
  pthread_t thread;
  REQUIRE(pthread_create(&thread, nullptr, body, argument) == 0);
  void *result = nullptr;
  REQUIRE(pthread_join(thread, &result) == 0);
  return result;
}

} // namespace

TEST_CASE("deferred cancellation passes Wasm frames: no clause catches it, C++ destructors run once") {
  int guards = 0;
  Fixture f([&](std::int32_t x) {
    Guard guard{&guards};
    if (x == 1) {
      pthread_cancel(pthread_self());
      pthread_testcancel();
    }
    if (x == 2)
      pthread_exit(reinterpret_cast<void *>(42));
  });
  f.run(0);
  CHECK(guards == 1);
  auto cancelled = [](void *fixture) -> void * {
    static_cast<Fixture *>(fixture)->run(1);
    return nullptr;
  };
  CHECK(run_thread(cancelled, &f) == PTHREAD_CANCELED);
  CHECK(guards == 2);
  auto exits = [](void *fixture) -> void * {
    static_cast<Fixture *>(fixture)->run(2);
    return nullptr;
  };
  CHECK(run_thread(exits, &f) == reinterpret_cast<void *>(42));
  CHECK(guards == 3);
  CHECK(f.caught() == 0);
  f.run(0); // the store is as before
  CHECK(guards == 4);
}

TEST_CASE("what leaves Wasm finds the host's rounding mode and callee-saved registers as they were") {
  Fixture f([](std::int32_t) { throw std::runtime_error("through"); });
  Store &store = f.store;
  Linker linker(store);
  linker.func("h", "throw", [] {
    CHECK(_MM_GET_ROUNDING_MODE() == _MM_ROUND_NEAREST); // the border sets Wasm's
    throw std::runtime_error("out");
  });
  Instance i = linker.instantiate(Module::from_text(f.engine, R"((module
    (import "h" "throw" (func $t)) (tag $e (param i32))
    (func $deep (param i32) (result i32)
      (local $a i32) (local.set $a (i32.mul (local.get 0) (i32.const 3)))
      (if (local.get 0) (then (drop (call $deep (i32.sub (local.get 0) (i32.const 1))))) (else (call $t)))
      (local.get $a))
    (func (export "cpp") (drop (call $deep (i32.const 20))))
    (func (export "wasm") (throw $e (i32.const 9)))))"));
  unsigned old = _MM_GET_ROUNDING_MODE();
  _MM_SET_ROUNDING_MODE(_MM_ROUND_UP);
  std::uint64_t a = 1, b = 2, c = 3, d = 4, e = 5;
  asm volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e)); // unknown values: optimised, they stay in registers
  for (const char *name : {"cpp", "wasm"}) {
    bool has_thrown = false;
    try {
      i.func(name).call();
    } catch (const std::exception &) { // Exception or std::runtime_error
      has_thrown = true;
    }
    CHECK(has_thrown);
    CHECK(_MM_GET_ROUNDING_MODE() == _MM_ROUND_UP);
    asm volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e));
    CHECK((a == 1 && b == 2 && c == 3 && d == 4 && e == 5));
  }
  _MM_SET_ROUNDING_MODE(old);
  CHECK(std::uncaught_exceptions() == 0);
}

TEST_CASE("stage 2 runs once per landing on the system's unwinder and never on the fast path") {
  Fixture f([](std::int32_t) { throw std::runtime_error("caught by catch_all"); });
  for (int i = 0; i < 10; ++i)
    f.run(i);
  CHECK(f.caught() == 10);
  CHECK(f.stats().throws == 10);
  CHECK(f.stats().begin_catches == (test::wanted_unwinder() == Unwinder::System ? 10 : 0));
  CHECK(std::uncaught_exceptions() == 0);
}

TEST_CASE("stage 2 is not called for what passes: a frame with other handlers costs no landing") {
  Engine engine(test::config());
  Store store(engine);
  Instance i = Linker(store).instantiate(Module::from_text(engine, R"((module
    (tag $a) (tag $b)
    (func $down (param i32)
      (if (i32.eqz (local.get 0)) (then (throw $a)))
      (block $h (try_table (catch $b $h) (call $down (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "run") (result i32)
      (block $h (try_table (catch $a $h) (call $down (i32.const 100))) (return (i32.const 0)))
      (i32.const 1))))"));
  CHECK(i.func("run").call() == std::vector<Val>{1});
  runtime::StoreStats stats = store.impl().store->stats();
  CHECK(stats.throws == 1);
  CHECK(stats.begin_catches == (test::wanted_unwinder() == Unwinder::System ? 1 : 0));
}

TEST_CASE("an exception of another store is refused") {
  Engine engine(test::config());
  Store a(engine), b(engine);
  auto text = "(module (tag $t (export \"t\") (param i32)) (func (export \"f\") (throw $t (i32.const 1))))";
  Instance thrower = Linker(a).instantiate(Module::from_text(engine, text));
  Linker linker(b);
  linker.func("h", "f", [&](std::int32_t) { thrower.func("f").call(); });
  Instance catcher = linker.instantiate(Module::from_text(engine, relay));
  std::string message;
  try {
    catcher.func("run").call({Val(0)});
  } catch (const Trap &trap) {
    message = trap.message();
  }
  CHECK(message == "a host function threw an exception of another store");
}

TEST_CASE("start functions throw Wasm and C++ exceptions out of an instantiation") {
  Engine engine(test::config());
  Store store(engine);
  Module wasm =
      Module::from_text(engine, "(module (tag $t (export \"t\") (param i32)) (func $s (throw $t (i32.const 4))) "
                                "(start $s))");
  std::int32_t value = 0;
  try {
    Linker(store).instantiate(wasm);
  } catch (const Exception &e) {
    value = e.values()[0].i32();
  }
  CHECK(value == 4);
  Linker linker(store);
  linker.func("h", "f", [] { throw std::out_of_range("start"); });
  Module cpp = Module::from_text(engine, "(module (import \"h\" \"f\" (func $f)) (start $f))");
  CHECK_THROWS_AS(linker.instantiate(cpp), std::out_of_range);
  CHECK(std::uncaught_exceptions() == 0);
}

TEST_CASE("throws in many threads at once, with landings, C++ exceptions and other handlers on the way") {
  constexpr int threads = 8, rounds = 2000;
  Engine engine(test::config());
  Module module = Module::from_text(engine, relay);
  std::vector<std::thread> running;
  std::vector<int> caught(threads);
  for (int t = 0; t < threads; ++t)
    running.emplace_back([&, t] {
      Store store(engine);
      Linker linker(store);
      linker.func("h", "f", [](std::int32_t x) {
        if (x % 3 != 0)
          throw x;
      });
      Instance i = linker.instantiate(module);
      for (int x = 0; x < rounds; ++x)
        i.func("run").call({Val(x)});
      caught[static_cast<std::size_t>(t)] = i.global("caught").get().i32();
    });
  for (std::thread &thread : running)
    thread.join();
  for (int count : caught)
    CHECK(count == rounds - (rounds + 2) / 3);
}
