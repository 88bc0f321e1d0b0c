// The engine's self-test: what a machine must give, then one throw along each way, on each unwinder. Through the public
// interface only where that is enough, so that what passes here is what a host gets.
//
// A check is a row {name, function}; it returns what it found, and throws what is wrong (std::runtime_error). Rows of
// `machine_checks` are asked once, rows of `throw_checks` for each unwinder with a fresh store.
#include "api/source/inspect.hh"

#include "abi/cpu.hh"
#include "api/impl.hh"
#include "runtime/traps.hh"

#include <fmt/format.h>

#include <stdexcept>
#include <sys/utsname.h>

namespace trapeze::api {

namespace {

using namespace v1;

void require(bool holds, const char *otherwise) {
  if (!holds)
    throw std::runtime_error(otherwise);
}

/// Exports a tag and functions that throw it; the other module imports both. Tags are imported where a throw shall not
/// become a jump.
constexpr const char *thrower = R"((module
  (tag $t (export "t") (param i32))
  (func (export "throw") (param i32) (throw $t (local.get 0)))
  (func (export "deep") (param i32 i32)
    (if (local.get 0) (then (call 1 (i32.sub (local.get 0) (i32.const 1)) (local.get 1))) (else (throw $t (local.get 1)))))))";
constexpr const char *catcher = R"((module
  (import "a" "t" (tag $t (param i32)))
  (import "a" "throw" (func $throw (param i32)))
  (import "host" "pass" (func $pass (param i32)))
  (import "host" "cpp" (func $cpp))
  (tag $own (param i32))
  (global (export "cleaned") (mut i32) (i32.const 0))
  (func (export "here") (param i32) (result i32)
    (block $h (result i32) (try_table (catch $own $h) (throw $own (local.get 0))) (unreachable)))
  (func $inner (param i32) (throw $own (local.get 0)))
  (func (export "one_frame") (param i32) (result i32)
    (block $h (result i32) (try_table (catch $own $h) (call $inner (local.get 0))) (unreachable)))
  (func (export "instances") (param i32) (result i32)
    (block $h (result i32) (try_table (catch $own $h) (catch $t $h) (call $throw (local.get 0))) (unreachable)))
  (func (export "host") (param i32) (result i32)
    (block $h (result i32) (try_table (catch $t $h) (call $pass (local.get 0))) (unreachable)))
  (func (export "again") (param i32) (result i32)
    (block $outer (result i32)
      (try_table (catch $t $outer)
        (block $h (result exnref) (try_table (catch_all_ref $h) (call $throw (local.get 0))) (unreachable))
        (throw_ref))
      (unreachable)))
  (func (export "foreign")
    (block $h (result exnref) (try_table (catch_all_ref $h) (call $cpp)) (unreachable))
    (global.set 0 (i32.const 1))
    (throw_ref))
  (func (export "trap") (result i32)
    (block $h (try_table (catch_all $h) (drop (i32.div_s (i32.const 1) (i32.const 0))))) (i32.const 1))
  (memory 1)
  (func (export "far") (result i32) (i32.load (i32.const 0x7fffffff)))
  (func $endless (export "endless") (call $endless))))";

/// Both modules in a store, with the host between them.
struct Stage {
  explicit Stage(const Engine &engine) : store(engine), linker(store) {
    a = linker.instantiate(Module::from_text(engine, thrower, "thrower"));
    linker.instance("a", a);
    linker.func("host", "pass", [this](std::int32_t value) { a.func("throw").call({value}); });
    linker.func("host", "cpp", [this] { throw Ticket{++made}; });
    b = linker.instantiate(Module::from_text(engine, catcher, "catcher"));
  }
  /// Calls an export of the second module, which has to return its argument.
  void must_return(const char *name, std::int32_t value) {
    require(b.func(name).typed<std::int32_t(std::int32_t)>()(value) == value, "the payload came out changed");
  }
  struct Ticket {
    int number;
  };

  Store store;
  Linker linker;
  Instance a, b;
  int made = 0;
};

std::string into_the_host(Stage &stage) {
  try {
    stage.a.func("deep").call({100, 77});
  } catch (const Exception &e) {
    require(e.tag() == stage.a.find("t").tag() && e.values() == std::vector<Val>{77}, "another exception came out");
    require(e.frames().size() >= 80, "its backtrace is incomplete");
    return "100 frames, with their backtrace";
  }
  throw std::runtime_error("no exception came out");
}

std::string foreign_exception(Stage &stage) {
  try {
    stage.b.func("foreign").call();
  } catch (const Stage::Ticket &ticket) {
    require(ticket.number == stage.made, "another object came out");
    require(stage.b.find("cleaned").global().get() == Val(1), "catch_all did not see it");
    return "caught by catch_all_ref, thrown on, the same object came out";
  }
  throw std::runtime_error("it did not come out");
}

struct ThrowCheck {
  const char *name;
  std::string (*run)(Stage &);
};

constexpr ThrowCheck throw_checks[] = {
    {"own frame", [](Stage &s) { return s.must_return("here", 41), std::string(); }},
    {"one frame", [](Stage &s) { return s.must_return("one_frame", 42), std::string(); }},
    {"across instances", [](Stage &s) { return s.must_return("instances", 43), std::string(); }},
    {"caught and thrown on", [](Stage &s) { return s.must_return("again", 44), std::string(); }},
    {"through a host function", [](Stage &s) { return s.must_return("host", 45), std::string(); }},
    {"into the host", into_the_host},
    {"a C++ exception through Wasm", foreign_exception},
};

std::string trap_of(Stage &stage, const char *name, TrapCode code) {
  try {
    stage.b.func(name).call();
  } catch (const Trap &trap) {
    require(trap.code() == code, trap.what());
    return {};
  }
  throw std::runtime_error("no trap");
}

struct MachineCheck {
  const char *name;
  std::string (*run)();
};

constexpr MachineCheck machine_checks[] = {
    {"platform",
     [] {
       utsname name{};
       uname(&name);
       return fmt::format("{} {} {}, Trapeze {}", name.sysname, name.release, name.machine, version());
     }},
    {"processor",
     [] {
       unwrap(abi::check_machine());
       return std::string("x86-64, SSE4.1 and POPCNT are used");
     }},
    {"memory reservation",
     [] {
       Engine engine;
       Store store(engine);
       std::vector<Memory> memories;
       for (int i = 0; i < 4; ++i)
         memories.emplace_back(store, MemoryType{.limits = {.min = 1}});
       memories[0].write<std::uint32_t>(65532, 7);
       require(memories[0].grow(1) == 1 && memories[0].read<std::uint32_t>(65532) == 7, "a memory does not grow");
       return std::string("four memories at once, grown in place");
     }},
    {"signal handlers",
     [] {
       Engine engine;
       os::FaultHandlers state = os::fault_handlers();
       require(state.ours == state.signals, "somebody installed handlers over the engine's");
       return state.chained == 0 ? std::string("ours")
                                 : fmt::format("ours; {} of {} chained to handlers that were there before",
                                               state.chained, state.signals);
     }},
    {"trap: division by zero, past catch_all",
     [] { return trap_of(*std::make_unique<Stage>(Engine()), "trap", TrapCode::IntegerDivideByZero); }},
    {"trap: out of bounds",
     [] { return trap_of(*std::make_unique<Stage>(Engine()), "far", TrapCode::MemoryOutOfBounds); }},
    {"trap: stack overflow",
     [] { return trap_of(*std::make_unique<Stage>(Engine()), "endless", TrapCode::StackOverflow); }},
};

/// Whatever happens in it becomes a line.
template <typename Run> Check checked(std::string name, Run run) {
  Check check{std::move(name), false, {}};
  try {
    check.text = run();
    check.ok = true;
  } catch (const std::exception &e) {
    check.text = e.what();
  } catch (...) {
    check.text = "a C++ object of unknown type was thrown";
  }
  if (check.ok && std::uncaught_exceptions() != 0)
    check = {std::move(check.name), false, fmt::format("{} exceptions are left uncaught", std::uncaught_exceptions())};
  return check;
}

void check_throws(Unwinder unwinder, const char *path, std::vector<Check> &out) {
  for (const ThrowCheck &row : throw_checks)
    out.push_back(checked(fmt::format("{} path: {}", path, row.name), [&] {
      Stage stage{Engine(Config().unwinder(unwinder))};
      return row.run(stage);
    }));
}

} // namespace

std::vector<Check> self_test() {
  std::vector<Check> out;
  for (const MachineCheck &row : machine_checks)
    out.push_back(checked(row.name, row.run));
  check_throws(Unwinder::Fast, "fast", out);
  check_throws(Unwinder::System, "system", out);
  return out;
}

} // namespace trapeze::api
