// Interruption from another thread, and stores side by side.
#include "api_unwinder.hh"

#include "trapeze/trapeze.hh"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

using namespace trapeze;

namespace {

constexpr const char *throwing = R"((module (tag $e (param i32))
  (func $down (param i32)
    (if (i32.eqz (local.get 0)) (then (throw $e (i32.const 1))))
    (call $down (i32.sub (local.get 0) (i32.const 1))))
  (func (export "run") (param i32) (result i32) (local i32)
    (loop $l
      (local.set 1 (i32.add (local.get 1)
        (block $h (result i32) (try_table (catch $e $h) (call $down (i32.const 10))) (i32.const 0))))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1))))";

} // namespace

TEST_CASE("endless recursion without growth and endless loops are interrupted") {
  Engine engine(test::config().interruptible_loops(true));
  Module m = Module::from_text(engine, R"((module
    (func $nop) (tag $e)
    (func (export "loop") (loop $l (br $l)))
    (func (export "calls") (loop $l (call $nop) (br $l)))
    (func (export "caught") (loop $l (block $h (try_table (catch_all $h) (call $nop))) (br $l)))
    (func (export "tail") (return_call 3))
    (func (export "ok") (result i32) (i32.const 1))))");
  for (const char *name : {"loop", "calls", "caught"}) {
    CAPTURE(name);
    Store store(engine);
    Instance i = Linker(store).instantiate(m);
    InterruptHandle handle = store.interrupt_handle();
    std::thread other([handle] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      handle.interrupt();
    });
    TrapCode code{};
    try {
      i.func(name).call();
    } catch (const Trap &t) {
      code = t.code();
    }
    other.join();
    CHECK(code == TrapCode::Interrupted);
    CHECK(i.func("ok").call() == std::vector<Val>{1});
  }
}

TEST_CASE("a handle outlives its store") {
  Engine engine(test::config());
  InterruptHandle handle;
  {
    Store store(engine);
    handle = store.interrupt_handle();
  }
  handle.interrupt();
}

TEST_CASE("many stores throw side by side, over one module") {
  Engine engine(test::config());
  Module m = Module::from_text(engine, throwing);
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int round = 0; round < 4; ++round) {
        Store store(engine);
        Instance i = Linker(store).instantiate(m);
        good += i.func("run").call({1000}) == std::vector<Val>{1000};
      }
    });
  for (std::thread &t : threads)
    t.join();
  CHECK(good == 32);
}

TEST_CASE("modules are compiled, run and dropped by several threads at once") {
  Engine engine(test::config().threads(1));
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        Module m = Module::from_text(engine, throwing);
        Store store(engine);
        good += Linker(store).instantiate(m).func("run").call({10}) == std::vector<Val>{10};
      }
    });
  for (std::thread &t : threads)
    t.join();
  CHECK(good == 200);
}

TEST_CASE("a store moves between threads that use it one after the other") {
  Engine engine(test::config());
  Module m = Module::from_text(engine, throwing);
  Store store(engine);
  Instance i = Linker(store).instantiate(m);
  for (int t = 0; t < 4; ++t)
    std::thread([&] { CHECK(i.func("run").call({100}) == std::vector<Val>{100}); }).join();
  CHECK(i.func("run").call({100}) == std::vector<Val>{100});
}
