// Calls across the border in both directions, with compiled functions written by hand.
#include "runtime_assembler.hh"

#include "runtime/memory.hh"
#include "runtime/tag.hh"

#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <thread>

using namespace trapeze;
using namespace trapeze::test;
using namespace trapeze::runtime;
using wasm::i32_type;

namespace {

/// An i32(i32) function of the host.
template <typename F> Func host_i32(World &world, F f) {
  return world.store->make_func(
      {{i32_type}, {i32_type}},
      make_host_code([f](Caller &caller, std::span<const ValueCell> args, std::span<ValueCell> results) -> HostResult {
        return f(caller, get<i32>(args[0]), results[0]);
      }));
}

/// module: (import f i32->i32) (func "run" i32->i32 calls f)
struct CallsHost {
  TestModule module;
  image::CodeImage image;
  CallsHost() {
    auto type = module.type({i32_type}, {i32_type});
    u32 f = module.import_func(type, "f");
    module.func(type, "run");
    Assembler a(*module.module);
    a.begin().prologue().call_import(f).epilogue().end();
    image = a.take();
  }
};

} // namespace

TEST_CASE("a leaf function takes registers and returns one") {
  World world;
  TestModule m;
  m.func(m.type({i32_type, i32_type}, {i32_type}), "add");
  Assembler a(*m.module);
  a.begin().bytes({0x8d, 0x04, 0x37, 0xc3}).end(); // lea eax, [rdi + rsi]; ret
  Instance *instance = world.instantiate(m, a.take());
  i32 result = 0;
  CHECK(call(world, world.func(instance, "add"), {40, 2}, result).is_ok());
  CHECK(result == 42);
}

TEST_CASE("parameters and results beyond the registers travel in the overflow area, floats in theirs") {
  World world;
  wasm::FuncType type;
  for (int i = 0; i < 20; ++i)
    type.params.push_back(i % 2 == 0 ? wasm::i64_type : wasm::f64_type);
  type.results = type.params;
  std::vector<ValueCell> seen;
  Func reverse = world.store->make_func(
      type, make_host_code([&](Caller &, std::span<const ValueCell> args, std::span<ValueCell> results) {
        seen.assign(args.begin(), args.end());
        for (usize i = 0; i < args.size(); i += 2) {
          set(results[i], get<u64>(args[18 - i]));
          set(results[i + 1], get<double>(args[19 - i]));
        }
        return HostResult::returned();
      }));
  std::vector<ValueCell> args(20), results(20);
  for (int i = 0; i < 20; i += 2) {
    set(args[static_cast<usize>(i)], u64{1} << 40 | static_cast<u64>(i));
    set(args[static_cast<usize>(i) + 1], i + 0.5);
  }
  CHECK(world.store->call(reverse, args, results).is_ok());
  for (usize i = 0; i < 20; i += 2) {
    CHECK(get<u64>(seen[i]) == get<u64>(args[i]));
    CHECK(get<double>(seen[i + 1]) == get<double>(args[i + 1]));
    CHECK(get<u64>(results[i]) == get<u64>(args[18 - i]));
    CHECK(get<double>(results[i + 1]) == get<double>(args[19 - i]));
  }
}

TEST_CASE("Wasm calls the host, which sees the calling instance") {
  World world;
  CallsHost m;
  Instance *seen = nullptr;
  Func f = host_i32(world, [&](Caller &caller, i32 x, ValueCell &result) {
    seen = caller.instance();
    set(result, x * 2);
    return HostResult::returned();
  });
  Instance *instance = world.instantiate(m.module, std::move(m.image), {f});
  i32 result = 0;
  CHECK(call(world, world.func(instance, "run"), {21}, result).is_ok());
  CHECK(result == 42);
  CHECK(seen == instance);
  CHECK(call(world, f, {4}, result).is_ok());
  CHECK(result == 8);
  CHECK(seen == nullptr);
}

TEST_CASE("host functions end in a trap, an exit or a C++ exception") {
  World world;
  CallsHost m;
  Func f = host_i32(world, [&](Caller &, i32 x, ValueCell &) -> HostResult {
    if (x == 0)
      return HostResult::trap("no zero");
    if (x == 1)
      return HostResult::exit(7);
    if (x == 2)
      return HostResult::trap(abi::TrapCode::Unreachable);
    throw std::out_of_range("three");
  });
  Instance *instance = world.instantiate(m.module, std::move(m.image), {f});
  Func run = world.func(instance, "run");
  i32 result = 0;
  Outcome outcome = call(world, run, {0}, result);
  REQUIRE(outcome.kind == OutcomeKind::Trap);
  CHECK(outcome.trap->code == abi::TrapCode::HostError);
  CHECK(outcome.trap->message == "no zero");
  REQUIRE(outcome.trap->backtrace.frames.size() == 1);
  CHECK(outcome.trap->backtrace.frames[0].func == 1);
  outcome = call(world, run, {1}, result);
  REQUIRE(outcome.kind == OutcomeKind::Exit);
  CHECK(outcome.exit_status == 7);
  outcome = call(world, run, {2}, result);
  REQUIRE(outcome.kind == OutcomeKind::Trap);
  CHECK(outcome.trap->message == "unreachable");
  CHECK_THROWS_AS(call(world, run, {3}, result), std::out_of_range);
  CHECK(world.store->context().activation == nullptr);
  CHECK(world.store->temporary_roots().empty());
}

TEST_CASE("explicit traps, faults in a memory's guard, and a null heap access are traps with their pc") {
  World world;
  TestModule m;
  auto type = m.type({i32_type}, {i32_type});
  m.func(type, "unreachable");
  m.func(type, "load");
  m.func(type, "null");
  wasm::Memory memory;
  memory.type.limits.min = 1;
  m.module->memories.push_back(memory);
  Assembler a(*m.module);
  abi::InstanceLayout layout(*m.module);
  a.begin().bytes({0x55, 0x48, 0x89, 0xe5}).trap(abi::TrapCode::Unreachable).end();
  a.begin().bytes({0x55, 0x48, 0x89, 0xe5, 0x49, 0x8b, 0x8d}).word(layout.memory(0)); // mov rcx, base
  a.bytes({0x89, 0xff}).faults(abi::TrapCode::MemoryOutOfBounds);                     // mov edi, edi
  a.bytes({0x8b, 0x84, 0x39}).word(0x7fffffff).bytes({0x5d, 0xc3}).end();             // mov eax, [rcx + rdi + 2^31 - 1]
  a.begin().bytes({0x55, 0x48, 0x89, 0xe5, 0x49, 0x8b, 0x4d, 24});                    // mov rcx, heap_base
  a.faults(abi::TrapCode::NullReference).bytes({0x8b, 0x41, 8, 0x5d, 0xc3}).end();    // mov eax, [rcx + 8]
  Instance *instance = world.instantiate(m, a.take());
  i32 result = 0;
  auto code_of = [&](std::string_view name, i32 arg) {
    Outcome outcome = call(world, world.func(instance, name), {arg}, result);
    REQUIRE(outcome.kind == OutcomeKind::Trap);
    CHECK(outcome.trap->backtrace.frames.size() == 1);
    return outcome.trap->code;
  };
  CHECK(code_of("unreachable", 0) == abi::TrapCode::Unreachable);
  CHECK(code_of("load", -1) == abi::TrapCode::MemoryOutOfBounds);
  CHECK(code_of("load", 0) == abi::TrapCode::MemoryOutOfBounds);
  CHECK(code_of("null", 0) == abi::TrapCode::NullReference);
  CHECK(world.store->context().activation == nullptr);
}

namespace {

/// push rbp; mov rbp, rsp; mov rax, [r13]; cmp rsp, [rax]; jae +2; ud2
void checked_prologue(Assembler &a) {
  a.bytes({0x55, 0x48, 0x89, 0xe5, 0x49, 0x8b, 0x45, 0, 0x48, 0x3b, 0x20, 0x73, 0x02});
  a.trap(abi::TrapCode::StackOverflow);
}

} // namespace

TEST_CASE("runaway recursion is a trap with the innermost and outermost frames, and the thread goes on") {
  World world;
  TestModule m;
  u32 f = m.func(m.type({}, {}), "f");
  Assembler a(*m.module);
  a.begin();
  checked_prologue(a);
  a.call(f).bytes({0x5d, 0xc3}).end();
  Instance *instance = world.instantiate(m, a.take());
  i32 result = 0;
  for (int i = 0; i < 3; ++i) {
    Outcome outcome = call(world, world.func(instance, "f"), {}, result);
    REQUIRE(outcome.kind == OutcomeKind::Trap);
    CHECK(outcome.trap->code == abi::TrapCode::StackOverflow);
    CHECK(outcome.trap->backtrace.frames.size() == RawBacktrace::innermost + RawBacktrace::outermost);
    CHECK(outcome.trap->backtrace.left_out > 1000);
  }
}

namespace {

/// Runs `body` on a stack of its own, as a host's fiber would.
struct Fiber {
  ucontext_t host{}, fiber{};
  std::vector<u8> stack = std::vector<u8>(1 << 20);
  std::function<void()> body;

  static void start(u32 low, u32 high) { reinterpret_cast<Fiber *>(low | u64{high} << 32)->body(); }
  void run() {
    getcontext(&fiber);
    fiber.uc_stack.ss_sp = stack.data();
    fiber.uc_stack.ss_size = stack.size();
    fiber.uc_link = &host;
    u64 self = reinterpret_cast<u64>(this);
    makecontext(&fiber, reinterpret_cast<void (*)()>(&start), 2, static_cast<u32>(self), static_cast<u32>(self >> 32));
    swapcontext(&host, &fiber);
  }
};

} // namespace

TEST_CASE("on a stack that is not the thread's, calls work and recursion is bounded") {
  World world;
  TestModule m;
  u32 f = m.func(m.type({}, {}), "recurse");
  m.func(m.type({}, {}), "nothing");
  Assembler a(*m.module);
  a.begin();
  checked_prologue(a);
  a.call(f).bytes({0x5d, 0xc3}).end();
  a.begin();
  checked_prologue(a);
  a.bytes({0x5d, 0xc3}).end();
  Instance *instance = world.instantiate(m, a.take());
  i32 result = 0;
  OutcomeKind nothing{}, recursion{};
  Fiber fiber;
  fiber.body = [&] {
    nothing = call(world, world.func(instance, "nothing"), {}, result).kind;
    recursion = call(world, world.func(instance, "recurse"), {}, result).kind;
  };
  fiber.run();
  CHECK(nothing == OutcomeKind::Ok);
  CHECK(recursion == OutcomeKind::Trap);
  CHECK(call(world, world.func(instance, "nothing"), {}, result).is_ok());
}

TEST_CASE("another thread interrupts a loop; a request made before the call counts, and only once") {
  World world;
  TestModule m;
  m.func(m.type({}, {}), "spin");
  m.func(m.type({}, {}), "nothing");
  Assembler a(*m.module);
  a.begin().bytes({0x55, 0x48, 0x89, 0xe5, 0x49, 0x8b, 0x45, 0, 0x48, 0x3b, 0x20, 0x73, 0xf7}); // back to mov rax
  a.trap(abi::TrapCode::StackOverflow).end();
  a.begin();
  checked_prologue(a);
  a.bytes({0x5d, 0xc3}).end();
  Instance *instance = world.instantiate(m, a.take());
  i32 result = 0;
  std::thread other([handle = world.store->interrupt_handle()] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    handle.interrupt();
  });
  Outcome outcome = call(world, world.func(instance, "spin"), {}, result);
  other.join();
  REQUIRE(outcome.kind == OutcomeKind::Trap);
  CHECK(outcome.trap->code == abi::TrapCode::Interrupted);
  Func nothing = world.func(instance, "nothing");
  CHECK(call(world, nothing, {}, result).is_ok());
  world.store->interrupt_handle().interrupt();
  CHECK(call(world, nothing, {}, result).kind == OutcomeKind::Trap);
  CHECK(call(world, nothing, {}, result).is_ok());
}

TEST_CASE("tail calls into other instances run in constant stack and give the caller its instance back") {
  World world;
  // a: (import f) run(x) = x == 0 ? 7 : tail f(x - 1); b: run(x) = call f(x) with f = a.run, checks r13 afterwards
  TestModule m;
  auto type = m.type({i32_type}, {i32_type});
  u32 f = m.import_func(type, "f");
  m.func(type, "run");
  Assembler a(*m.module);
  a.begin().bytes({0x85, 0xff, 0x75, 0x06, 0xb8, 7, 0, 0, 0, 0xc3, 0xff, 0xcf}).tail_call_import(f).end();
  auto code = Code::load(world.engine, m.module, a.take());
  REQUIRE(code.has_value());
  // Two instances that call each other: the second's import is patched through a table-less cycle of two modules.
  Func bounce;
  Func forward = host_i32(world, [&](Caller &caller, i32 x, ValueCell &result) {
    CHECK(caller.instance() != nullptr); // the frame of cross_instance_tail names the tail caller's instance
    set(result, x + 100);
    return HostResult::returned();
  });
  Extern first_import = forward;
  Instance *first = (*runtime::instantiate(*world.store, *code, {&first_import, 1})).instance;
  Extern second_import = world.func(first, "run");
  Instance *second = (*runtime::instantiate(*world.store, *code, {&second_import, 1})).instance;
  CallsHost outer;
  Instance *third = world.instantiate(outer.module, std::move(outer.image), {world.func(second, "run")});
  i32 result = 0;
  CHECK(call(world, world.func(third, "run"), {0}, result).is_ok());
  CHECK(result == 7);
  CHECK(call(world, world.func(third, "run"), {1}, result).is_ok()); // second -> first
  CHECK(result == 7);
  CHECK(call(world, world.func(third, "run"), {10}, result).is_ok()); // second -> first -> host
  CHECK(result == 108);
  // A cycle: first's import becomes second.run in its context, then 10^6 tail calls.
  abi::InstanceLayout layout(*m.module);
  auto *cell = reinterpret_cast<abi::ImportedFunc *>(reinterpret_cast<u8 *>(first->context()) + layout.function(0));
  *cell = {world.func(second, "run").ref()->code, second->context()};
  CHECK(call(world, world.func(third, "run"), {1'000'000}, result).is_ok());
  CHECK(result == 7);
}

TEST_CASE("several threads, each with its own store, share an engine and a module") {
  World world;
  TestModule m;
  u32 f = m.func(m.type({i32_type, i32_type}, {i32_type}), "add");
  (void)f;
  Assembler a(*m.module);
  a.begin().bytes({0x8d, 0x04, 0x37, 0xc3}).end();
  auto code = Code::load(world.engine, m.module, a.take());
  REQUIRE(code.has_value());
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      auto store = *Store::create(world.engine);
      auto made = runtime::instantiate(*store, *code, {});
      Func add = std::get<Func>(*made->instance->find_export("add"));
      for (int i = 0; i < 1000; ++i) {
        ValueCell args[2] = {cell_of(i), cell_of(t)}, result[1];
        if (store->call(add, args, result).is_ok() && get<i32>(result[0]) == i + t)
          ++good;
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  CHECK(good == 4000);
}

TEST_CASE("a fault in a host function is not a trap") {
  pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    close(2); // a sanitizer's report
    World world;
    CallsHost m;
    volatile int *nowhere = nullptr;
    Func f = host_i32(world, [nowhere](Caller &, i32, ValueCell &) {
      *nowhere = 1;
      return HostResult::returned();
    });
    Instance *instance = world.instantiate(m.module, std::move(m.image), {f});
    i32 result = 0;
    Outcome outcome = call(world, world.func(instance, "run"), {1}, result);
    _exit(outcome.kind == OutcomeKind::Trap ? 77 : 78);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  bool is_trap = WIFEXITED(status) && (WEXITSTATUS(status) == 77 || WEXITSTATUS(status) == 78);
  CHECK(!is_trap);
}

TEST_CASE("an illegal instruction that the trap table does not name is not a trap either") {
  pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    close(2);
    World world;
    TestModule m;
    m.func(m.type({}, {}), "f");
    Assembler a(*m.module);
    a.begin().bytes({0x55, 0x48, 0x89, 0xe5, 0x0f, 0x0b}).end();
    Instance *instance = world.instantiate(m, a.take());
    i32 result = 0;
    (void)call(world, world.func(instance, "f"), {}, result);
    _exit(77);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK((!WIFEXITED(status) || WEXITSTATUS(status) != 77));
}

TEST_CASE("no page is writable and executable") {
  World world;
  CallsHost m;
  auto code = Code::load(world.engine, m.module.module, std::move(m.image));
  REQUIRE(code.has_value());
  std::ifstream maps("/proc/self/maps");
  u64 base = reinterpret_cast<u64>((*code)->base());
  bool is_found = false;
  for (std::string line; std::getline(maps, line);) {
    CAPTURE(line);
    std::string access = line.substr(line.find(' ') + 1, 4);
    CHECK((access.find('w') == std::string::npos || access.find('x') == std::string::npos));
    u64 low = std::stoull(line, nullptr, 16), high = std::stoull(line.substr(line.find('-') + 1), nullptr, 16);
    if (low <= base && base < high) {
      is_found = true;
      CHECK(access.substr(0, 3) == "r-x");
    }
  }
  CHECK(is_found);
}
