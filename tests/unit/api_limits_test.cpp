// Exceptions at the limits: ten thousand nested regions, ten thousand frames that all clean up, a stack that is nearly
// full, code published and dropped at one address, many modules and functions, many threads, and every way out of the
// process. Each must end in a caught exception or a clean trap.
#include "api_unwinder.hh"

#include "trapeze/trapeze.hh"

#include "api/impl.hh"
#include "runtime/code_region.hh"

#include <doctest/doctest.h>

#include <atomic>
#include <set>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace trapeze;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int many_functions = 5000, many_modules = 200;
#else
constexpr int many_functions = 100'000, many_modules = 1000;
#endif

Engine &engine() {
  static Engine e(test::config().threads(1));
  return e;
}

constexpr std::string_view small = R"((module (tag $e (param i32))
  (func $throw (param i32) (throw $e (local.get 0)))
  (func (export "run") (param i32) (result i32)
    (block $h (result i32) (try_table (catch $e $h) (call $throw (local.get 0))) (unreachable))))
  )";

/// The same with another layout: what was remembered of one is wrong for the other.
constexpr std::string_view other = R"((module (tag $x) (tag $e (param i32)) (func (nop)) (memory 1)
  (func $throw (param i32) (i32.store (i32.const 0) (local.get 0)) (throw $e (i32.load (i32.const 0))))
  (func (export "run") (param i32) (result i32)
    (block $no
      (return (block $h (result i32)
        (try_table (catch $x $no) (catch $e $h) (try_table (catch $x $no) (call $throw (local.get 0))))
        (unreachable))))
    (unreachable))))";

/// One function of each kind of frame, `n` deep, that throws at the bottom.
constexpr std::string_view recursion = R"((module
  (import "h" "throw" (func $host))
  (tag $e (param i32)) (tag $other)
  (func $plain (param i32)
    (if (i32.eqz (local.get 0)) (then (throw $e (i32.const 7))))
    (call $plain (i32.sub (local.get 0) (i32.const 1))))
  (func $cleanup (param i32)
    (local exnref)
    (if (i32.eqz (local.get 0)) (then (throw $e (i32.const 7))))
    (block $h (result exnref)
      (try_table (catch $other 1) (catch_all_ref $h) (call $cleanup (i32.sub (local.get 0) (i32.const 1))))
      (return))
    (throw_ref))
  (func $from_host (param i32)
    (if (i32.eqz (local.get 0)) (then (call $host) (return)))
    (call $from_host (i32.sub (local.get 0) (i32.const 1))))
  (table funcref (elem $plain $cleanup $from_host))
  (func (export "run") (param $kind i32) (param $depth i32) (result i32)
    (block $all
      (block $h (result i32)
        (try_table (catch $e $h) (catch_all $all) (call_indirect (param i32) (local.get $depth) (local.get $kind)))
        (return (i32.const -1)))
      (return))
    (i32.const 8))))";

Instance link_recursion(Store &store) {
  Linker linker(store);
  linker.func("h", "throw", [] { throw std::runtime_error("deep"); });
  return linker.instantiate(Module::from_text(store.engine(), recursion, "recursion.wat"));
}

/// What the run gives: 7 or 8 caught, 0 a stack overflow; anything else is a fault.
int outcome(const Instance &i, int kind, int depth) {
  try {
    return i.func("run").call({kind, depth})[0].i32();
  } catch (const Trap &t) {
    return t.code() == TrapCode::StackOverflow ? 0 : -2;
  }
}

/// Runs `body` in a child process and returns its exit status, or minus the signal.
template <typename F> int in_child(F &&body) {
  std::fflush(nullptr);
  pid_t child = fork();
  if (child == 0) {
    body();
    _exit(99);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

} // namespace

TEST_CASE("ten thousand nested regions, of both forms; none matches but the outermost") {
  constexpr int deep = 10'000;
  std::string table, legacy, delegates;
  for (int i = 0; i < deep; ++i) {
    table += "try_table (catch $other " + std::to_string(i) + ")\n";
    legacy += "try\n";
    delegates += "try\n";
  }
  table += "call $throw\n", legacy += "call $throw\n", delegates += "call $throw\n";
  for (int i = 0; i < deep; ++i) {
    table += "end\n";
    legacy += "catch $other\n end\n";
    delegates += "delegate 0\n";
  }
  std::string text = R"((module (tag $e (param i32)) (tag $other)
    (func $throw (throw $e (i32.const 5)))
    (func (export "table") (result i32) block $h (result i32) try_table (catch $e $h) block )" +
                     table + R"(end end i32.const 0 end)
    (func (export "legacy") (result i32) try (result i32) )" +
                     legacy + R"( i32.const 0 catch $e end)
    (func (export "delegates") (result i32) try (result i32) )" +
                     delegates + R"( i32.const 0 catch $e end)))";
  Store store(engine());
  Instance i = Linker(store).instantiate(Module::from_text(engine(), text, "nested.wat"));
  for (const char *name : {"table", "legacy", "delegates"}) {
    CAPTURE(name);
    for (int k = 0; k < 3; ++k)
      CHECK(i.func(name).call() == std::vector<Val>{5});
  }
}

TEST_CASE("ten thousand frames: plain, each with a clean-up, and below a host function that throws a C++ object") {
  Store store(engine());
  Instance i = link_recursion(store);
  CHECK(outcome(i, 0, 10'000) == 7);
  CHECK(outcome(i, 1, 10'000) == 7);
  CHECK(outcome(i, 2, 10'000) == 8);
  CHECK(std::uncaught_exceptions() == 0);
}

TEST_CASE("a throw on a stack that is nearly full is caught, or a trap; the stack is whole afterwards") {
  const int near = test::wanted_unwinder() == Unwinder::System ? 10 : 40;
  for (std::size_t stack : {std::size_t{0}, std::size_t{128} << 10}) {
    CAPTURE(stack);
    Engine e(test::config().stack_size(stack));
    Store store(e);
    Instance i = link_recursion(store);
    // Over all of a thread's stack the system's unwinder takes a second for each throw: the plain frames only.
    const int kinds = stack == 0 && test::wanted_unwinder() == Unwinder::System ? 1 : 3;
    for (int kind = 0; kind < kinds; ++kind) {
      CAPTURE(kind);
      int good = 0, bad = 1 << 20; // deepest known to be caught, least known to overflow
      CHECK(outcome(i, kind, bad) == 0);
      while (bad - good > 1) {
        int middle = good + (bad - good) / 2;
        (outcome(i, kind, middle) > 0 ? good : bad) = middle;
      }
      CHECK(good > 100);
      int wrong = 0;
      for (int depth = good - near; depth < good + near; ++depth) {
        int got = outcome(i, kind, depth);
        wrong += got != 0 && got != (kind == 2 ? 8 : 7);
      }
      CHECK(wrong == 0);
      CHECK(outcome(i, kind, 10) == (kind == 2 ? 8 : 7));
    }
  }
}

TEST_CASE("published, thrown through, dropped: ten thousand times at one address") {
  Engine e(test::config().threads(1).optimize(0));
  runtime::CodeRegions &regions = runtime::CodeRegions::get();
  regions.reuse_at_once(true);
  std::set<const void *> addresses;
  auto cycle = [&](int n) {
    Module m = Module::from_text(e, n % 2 ? small : other);
    addresses.insert(m.impl().code->base());
    Store store(e);
    return Linker(store).instantiate(m).func("run").call({n})[0].i32();
  };
  cycle(0);
  auto before = regions.granules_in_use();
  int good = 0;
  for (int n = 0; n < 10'000; ++n)
    good += cycle(n) == n;
  CHECK(good == 10'000);
  CHECK(addresses.size() == 1);
  CHECK(regions.granules_in_use() == before);
  regions.reuse_at_once(false);
}

TEST_CASE("throws with many modules loaded, and in a module with many functions") {
  Store store(engine());
  std::vector<Instance> instances;
  Module m = Module::from_text(engine(), small);
  for (int n = 0; n < many_modules; ++n) // compiled anew: each has code of its own
    instances.push_back(Linker(store).instantiate(n % 2 ? m : Module::from_text(engine(), small)));
  int good = 0;
  for (int n = 0; n < many_modules; ++n)
    good += instances[static_cast<std::size_t>(n)].func("run").call({n})[0].i32() == n;
  CHECK(good == many_modules);

  std::string text = "(module (tag $e (param i32)) (func $f0 (param i32) (throw $e (local.get 0)))\n";
  for (int n = 1; n < many_functions; ++n)
    text += "(func (param i32) (call " + std::to_string(n - 1) + " (i32.add (local.get 0) (i32.const 1))))\n";
  text += "(func (export \"run\") (param i32) (result i32) (try_table (catch $e 0) (call " +
          std::to_string(many_functions - 1) + " (local.get 0))) (unreachable)))";
  Instance big = Linker(store).instantiate(Module::from_text(engine(), text));
  CHECK(big.func("run").call({1})[0] == Val(many_functions));
}

TEST_CASE("sixteen threads throw while others compile and drop modules") {
  std::atomic<bool> done{false};
  std::atomic<int> good{0}, compiled{0};
  Engine e(test::config().threads(1));
  Module shared = Module::from_text(e, small);
  std::vector<std::thread> throwing, compiling;
  for (int t = 0; t < 2; ++t)
    compiling.emplace_back([&] {
      do {
        Module m = Module::from_text(e, small);
        Store store(e);
        compiled += Linker(store).instantiate(m).func("run").call({3})[0] == Val(3);
      } while (!done);
    });
  for (int t = 0; t < 16; ++t)
    throwing.emplace_back([&, t] {
      Store store(e);
      Instance i = Linker(store).instantiate(shared);
      auto run = i.func("run").typed<std::int32_t(std::int32_t)>();
      for (int n = 0; n < 1000; ++n)
        good += run(n + t) == n + t;
    });
  for (std::thread &t : throwing)
    t.join();
  done = true;
  for (std::thread &t : compiling)
    t.join();
  CHECK(good == 16'000);
  CHECK(compiled >= 2);
}

TEST_CASE("the process ends in every way with modules, stores and activations alive") {
  auto with_store = [](auto &&host) {
    static Engine *e = new Engine(test::config().threads(1)); // alive to the end and beyond
    static Store *store = new Store(*e);
    Linker linker(*store);
    linker.func("h", "throw", host);
    return linker.instantiate(Module::from_text(*e, recursion));
  };
  CHECK(in_child([&] { with_store([] { std::exit(3); }).func("run").call({2, 5}); }) == 3);
  CHECK(in_child([&] { with_store([] { std::thread([] { std::exit(4); }).join(); }).func("run").call({2, 5}); }) == 4);
  CHECK(in_child([&] {
          static Instance late = with_store([] { throw 1; });
          std::atexit([] { _exit(late.func("run").call({1, 5})[0].i32() + late.func("run").call({2, 5})[0].i32()); });
          std::exit(0);
        }) == 15);
  CHECK(in_child([&] {
          static Engine e(test::config().threads(1)); // destroyed by exit, behind its user
          static Store store(e);
          static Instance i = link_recursion(store);
          i.func("run").call({1, 5});
          std::exit(5);
        }) == 5);
  CHECK(in_child([&] { with_store([] { std::quick_exit(6); }).func("run").call({2, 5}); }) == 6);
}
