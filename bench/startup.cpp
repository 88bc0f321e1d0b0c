// What it takes to begin: instantiating a compiled module with 1 MiB of initialised memory, calls from host to Wasm and
// back. Each line on standard input is a round, answered with one line of JSON, nanoseconds of this thread's CPU time:
//   {"instantiate": ..., "store": ..., "host_to_wasm": ..., ...}
// `instantiate` is Linker::instantiate in stores that are there already; `store` all of it: a new store, its instance,
// one call into it that reads the memory, and the store's end. `startup NAME N` does one of them N times, for
// callgrind.
#include "trapeze/trapeze.hh"

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <iostream>
#include <stdexcept>
#include <string>

namespace {

constexpr double round_ns = 5e7;

double cpu_nanoseconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

void check(bool right, const char *what) {
  if (!right)
    throw std::runtime_error(std::string(what) + " went wrong");
}

template <typename Step> double timed(Step &&step) {
  double start = cpu_nanoseconds();
  step();
  return cpu_nanoseconds() - start;
}

/// 16 pages, every byte of them written by a data segment.
std::string megabyte() {
  std::string text = "(module (memory (export \"memory\") 16) (data (i32.const 0) \"";
  for (int i = 0; i < 1 << 20; ++i)
    text += static_cast<char>('a' + i % 23);
  return text + "\")\n(func (export \"last\") (result i32) (i32.load8_u (i32.const 1048575))))";
}

constexpr char calls[] = R"((module
  (func $host (import "env" "add") (param i32 i32) (result i32))
  (table funcref (elem $add))
  (func $add (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "call_host") (param $n i32) (result i32) (local $sum i32)
    (loop $next (result i32)
      (local.set $sum (call $host (local.get $sum) (i32.const 3)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))
      (local.get $sum)))
  (func (export "call_wasm") (param $n i32) (result i32) (local $sum i32)
    (loop $next (result i32)
      (local.set $sum (call_indirect (param i32 i32) (result i32) (local.get $sum) (i32.const 3) (i32.const 0)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))
      (local.get $sum)))))";

class Bench {
public:
  Bench()
      : megabyte_(trapeze::Module::from_text(engine_, megabyte(), "megabyte")), store_(engine_),
        instance_(instantiate_calls()), add_(instance_.func("add")) {}

  double store(int n) {
    return timed([&] {
      for (int i = 0; i < n; ++i) {
        trapeze::Store store(engine_);
        auto last = trapeze::Linker(store).instantiate(megabyte_).func("last").typed<std::int32_t()>();
        check(last() == 'a' + ((1 << 20) - 1) % 23, "store");
      }
    });
  }
  double instantiate(int n) {
    constexpr int batch = 16;
    double sum = 0;
    for (int done = 0; done < n; done += batch) {
      std::deque<trapeze::Store> stores;
      std::deque<trapeze::Linker> linkers;
      for (int i = 0; i < batch; ++i)
        linkers.emplace_back(stores.emplace_back(engine_));
      sum += timed([&] {
        for (trapeze::Linker &linker : linkers)
          linker.instantiate(megabyte_);
      });
    }
    return sum * n / ((n + batch - 1) / batch * batch);
  }
  double host_to_wasm(int n) {
    auto add = add_.typed<std::int32_t(std::int32_t, std::int32_t)>();
    return timed([&] {
      std::int32_t sum = 0;
      for (int i = 0; i < n; ++i)
        sum = add(sum, 3);
      check(sum == 3 * n, "host_to_wasm");
    });
  }
  double host_to_wasm_untyped(int n) {
    return timed([&] {
      std::int32_t sum = 0;
      for (int i = 0; i < n; ++i)
        sum = add_.call({sum, 3})[0].i32();
      check(sum == 3 * n, "host_to_wasm_untyped");
    });
  }
  double wasm_to_host(int n) { return loop("call_host", n); }
  double wasm_to_wasm(int n) { return loop("call_wasm", n); }

private:
  trapeze::Instance instantiate_calls() {
    trapeze::Linker linker(store_);
    linker.func("env", "add", [](std::int32_t a, std::int32_t b) { return a + b; });
    return linker.instantiate(trapeze::Module::from_text(engine_, calls, "calls"));
  }
  double loop(const char *name, int n) {
    return timed([&] { check(instance_.func(name).call({n})[0].i32() == 3 * n, name); });
  }

  trapeze::Engine engine_;
  trapeze::Module megabyte_;
  trapeze::Store store_;
  trapeze::Instance instance_;
  trapeze::Func add_;
};

struct Row {
  const char *name;
  double (Bench::*run)(int n); ///< nanoseconds for n times
  int count = 0;               ///< a round's; found at first use
};
Row rows[] = {{"instantiate", &Bench::instantiate},   {"store", &Bench::store},
              {"host_to_wasm", &Bench::host_to_wasm}, {"host_to_wasm_untyped", &Bench::host_to_wasm_untyped},
              {"wasm_to_host", &Bench::wasm_to_host}, {"wasm_to_wasm", &Bench::wasm_to_wasm}};

double measure(Bench &bench, Row &row) {
  for (int n = row.count == 0 ? 10 : row.count;; n *= 4) {
    double taken = (bench.*row.run)(n);
    if (row.count != 0)
      return taken / n;
    if (taken > round_ns / 4) {
      row.count = n;
      return taken / n;
    }
  }
}

} // namespace

int main(int argc, char **argv) try {
  Bench bench;
  if (argc == 3) {
    for (Row &row : rows)
      if (std::string(argv[1]) == row.name)
        (bench.*row.run)(std::atoi(argv[2]));
    return 0;
  }
  for (std::string line; std::getline(std::cin, line);) {
    for (Row &row : rows)
      std::printf("%s\"%s\": %.3f", &row == rows ? "{" : ", ", row.name, measure(bench, row));
    std::printf("}\n");
    std::fflush(stdout);
  }
} catch (const std::exception &fault) {
  std::fprintf(stderr, "startup: %s\n", fault.what());
  return 1;
}
