// Throws and catches COUNT exceptions of every kind, and prints how many were caught:  mixed_throws fast|system COUNT
//
// One round is sixteen throws: by tag and by reference, kept in a global, a table and a payload, thrown again by
// throw_ref, rethrow and delegate; by host functions (a tag, a C++ object, a kept reference); through a host function
// that calls in again; C++ objects caught by catch_all_ref and thrown on. Every 64th round an exception is left
// uncaught, and the host keeps the last sixteen of those and of the references it was handed. Nothing else lives on:
// the peak of memory (VmHWM) may grow by 2 MiB behind the first tenth, else the exit status is 1. The first `warm_up`
// throws do not count: until then the peak is what garbage the collector lets gather, strings of the host's included.
#include "trapeze/trapeze.hh"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

using namespace trapeze;

namespace {

constexpr std::string_view text = R"((module
  (import "h" "t" (tag $t (param i32 externref)))
  (import "h" "by_tag" (func $by_tag (param i32)))
  (import "h" "foreign" (func $foreign (param i32)))
  (import "h" "keep" (func $keep (param exnref)))
  (import "h" "throw_kept" (func $throw_kept))
  (import "h" "call_in" (func $call_in (param i32)))
  (tag $e (export "e") (param i32))
  (tag $chain (param exnref))
  (global $kept (mut exnref) (ref.null exn))
  (table $ring 64 exnref)
  (func $throw (param i32) (throw $e (local.get 0)))
  (func $throw_chain (param exnref) (throw $chain (local.get 0)))
  (func $again (param exnref) (throw_ref (local.get 0)))
  (func $inner (export "inner") (param i32)
    (if (i32.and (local.get 0) (i32.const 1)) (then (call $throw (local.get 0))) (else (call $foreign (local.get 0)))))

  (func $make (param i32) (result exnref)
    (block $h (result exnref) (try_table (catch_all_ref $h) (call $throw (local.get 0))) (unreachable)))
  (func $legacy (param i32)
    (try
      (do
        (try
          (do (try (do (call $throw (local.get 0))) (delegate 0)))
          (catch $e (drop) (rethrow 0))))
      (catch_all)))
  (func $cleanup (param i32)
    (block $h (result exnref) (try_table (catch_all_ref $h) (call $inner (local.get 0))) (return))
    (throw_ref))

  ;; sixteen throws that arrive here; i: the round
  (func (export "round") (param $i i32)
    (block $1 (try_table (catch_all $1) (call $throw (local.get $i))))
    (block $2 (result i32) (try_table (catch $e $2) (call $throw (local.get $i))) (unreachable)) (drop)
    (block $3 (result i32 exnref) (try_table (catch_ref $e $3) (call $throw (local.get $i))) (unreachable)) (drop) (drop)
    (global.set $kept (call $make (local.get $i)))
    (table.set $ring (i32.and (local.get $i) (i32.const 63)) (call $make (local.get $i)))
    (if (i32.eqz (i32.rem_u (local.get $i) (i32.const 100))) (then (global.set $kept (ref.null exn))))
    (block $6 (result exnref) (try_table (catch_all_ref $6) (call $throw_chain (global.get $kept))) (unreachable))
    (global.set $kept)
    (block $7 (try_table (catch_all $7) (call $again (global.get $kept))))
    (call $legacy (local.get $i))
    (block $9 (try_table (catch_all $9) (throw_ref (call $make (local.get $i)))))
    (block $10 (result i32) (try_table (catch $e $10) (throw $e (local.get $i))) (unreachable)) (drop)
    (block $11 (result i32 externref) (try_table (catch $t $11) (call $by_tag (local.get $i))) (unreachable)) (drop) (drop)
    (block $12 (result exnref) (try_table (catch_all_ref $12) (call $foreign (local.get $i))) (unreachable)) (drop)
    (block $13 (try_table (catch_all $13) (call $cleanup (local.get $i))))
    (block $14 (try_table (catch_all $14) (call $call_in (local.get $i))))
    (call $keep (call $make (local.get $i)))
    (block $16 (try_table (catch_all $16) (call $throw_kept))))
  (func (export "uncaught") (param i32) (call $cleanup (local.get 0)))))";

/// A C++ object of some size, so that a lost one shows.
struct Thrown {
  std::array<char, 1000> ballast{};
};

/// The process's peak of resident memory; 0 where the system does not say.
unsigned long peak_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:"))
      return std::stoul(line.substr(6));
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 3)
    return std::fputs("usage: mixed_throws fast|system COUNT\n", stderr), 2;
  constexpr unsigned long long throws_per_round = 16, warm_up = 200'000;
  unsigned long long count = std::strtoull(argv[2], nullptr, 10), caught = 0;
  Engine engine(Config().unwinder(std::string_view(argv[1]) == "system" ? Unwinder::System : Unwinder::Fast));
  Store store(engine);
  Tag tag(store, {ValType::i32(), ValType::externref()});
  std::array<ExnRef, 16> kept;
  std::array<std::optional<Exception>, 16> uncaught;
  Func inner;
  unsigned turn = 0;
  Linker linker(store);
  linker.define("h", "t", tag);
  linker.func("h", "by_tag",
              [&](std::int32_t n) { throw Exception(tag, {n, ExternRef(store, std::string(1000, 'x'))}); });
  linker.func("h", "foreign", [](std::int32_t) { throw Thrown(); });
  linker.func("h", "keep", [&](ExnRef e) { kept[turn++ % kept.size()] = e; });
  linker.func("h", "throw_kept",
              [&] { throw Exception(kept[turn / 2 % kept.size()] ? kept[turn / 2 % kept.size()] : kept[0]); });
  linker.func("h", "call_in", [&](std::int32_t n) {
    std::string destroyed_on_the_way(1000, 'y');
    inner.call({n});
  });
  Instance instance = linker.instantiate(Module::from_text(engine, text, "mixed.wat"));
  inner = instance.func("inner");
  auto round = instance.func("round").typed<void(std::int32_t)>();
  Func leave = instance.func("uncaught");
  unsigned long early = 0;
  for (std::int32_t n = 0; caught < count; ++n, caught += throws_per_round) {
    round(n);
    if (!early && caught >= std::max(count / 10, warm_up))
      early = peak_kib();
    if (n % 64)
      continue;
    try {
      leave.call({n / 64});
    } catch (const Exception &e) {
      uncaught[static_cast<unsigned>(n) / 64 % uncaught.size()] = e;
    } catch (const Thrown &) {
    }
  }
  std::printf("%llu\n", caught);
  unsigned long late = peak_kib();
  std::fprintf(stderr, "%lu KiB after a tenth, %lu KiB at the end\n", early, late);
  return early != 0 && late > early + 2048;
}
