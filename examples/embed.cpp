// A host in C++: it makes a tag, gives it to a module, throws it into WebAssembly from a host function, catches what
// comes out, and lets a C++ exception of its own pass through WebAssembly frames and stay itself.
#include "trapeze/trapeze.hh"

#include <cstdio>
#include <stdexcept>

namespace {

const char *const source = R"((module
  (import "host" "refused" (tag $refused (param i32)))
  (import "host" "check" (func $check (param i32) (result i32)))
  (global $cleaned (export "cleaned") (mut i32) (i32.const 0))

  ;; Catches the host's tag.
  (func (export "careful") (param i32) (result i32)
    (block $caught (result i32)
      (try_table (result i32) (catch $refused $caught)
        (call $check (local.get 0)))
      (return))
    (i32.mul (i32.const -1)))

  ;; Lets everything pass, but cleans up on the way.
  (func (export "tidy") (param i32) (result i32)
    (block $passing (result exnref)
      (try_table (result i32) (catch_all_ref $passing)
        (call $check (local.get 0)))
      (return))
    (global.set $cleaned (i32.add (global.get $cleaned) (i32.const 1)))
    (throw_ref))

  (func (export "divide") (param i32 i32) (result i32)
    (i32.div_s (local.get 0) (local.get 1)))))";

// An error of the host's own, which WebAssembly knows nothing of.
struct HostFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

} // namespace

int main() try {
  trapeze::Engine engine;
  trapeze::Store store(engine);
  trapeze::Module module = trapeze::Module::from_text(engine, source, "guest.wat");

  trapeze::Tag refused(store, {trapeze::ValType::i32()});
  trapeze::Linker linker(store);
  linker.define("host", "refused", refused);
  linker.func("host", "check", [&](std::int32_t value) -> std::int32_t {
    if (value > 100)
      throw HostFailure("the host gave up at " + std::to_string(value));
    if (value > 9)
      throw trapeze::Exception(refused, {value});
    return value;
  });
  trapeze::Instance guest = linker.instantiate(module);
  auto careful = guest.func("careful").typed<std::int32_t(std::int32_t)>();
  auto tidy = guest.func("tidy").typed<std::int32_t(std::int32_t)>();

  std::printf("careful(5) = %d\n", careful(5));
  std::printf("careful(12) = %d: thrown by the host, caught in WebAssembly\n", careful(12));

  try {
    tidy(12);
  } catch (const trapeze::Exception &exception) {
    std::printf("tidy(12) threw: our tag: %s, payload %d\n", exception.tag() == refused ? "yes" : "no",
                exception.values()[0].i32());
  }
  try {
    tidy(1000);
  } catch (const HostFailure &failure) {
    std::printf("tidy(1000) threw our own C++ object: %s\n", failure.what());
  }
  std::printf("clean-ups run on the way: %d\n", guest.global("cleaned").get().i32());

  try {
    guest.func("divide").call({1, 0});
  } catch (const trapeze::Trap &trap) {
    std::printf("divide(1, 0) trapped: %s\n", trap.what());
  }
  try {
    trapeze::Module::from_text(engine, "(module (func (result i32) i64.const 1))", "bad.wat");
  } catch (const trapeze::Error &error) {
    std::printf("%s\n", error.what());
  }
} catch (const std::exception &e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
