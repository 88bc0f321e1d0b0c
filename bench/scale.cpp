// Does a throw cost the same however large the process is? One process of bench/run's table of scaling:
//
//   scale [--unwinder fast|system] [--modules N] [--functions N] [--thread] [--no-engine]
//
// Loads and instantiates N other modules; makes the throwing module N functions large, half of them with a try_table;
// throws in a second thread, in a store of its own, during each round; or makes no engine at all. Then answers each
// line on standard input with one line of JSON: nanoseconds of this thread's CPU time per throw over ten frames, in
// "wasm" and in "host", the same in plain C++. Two such processes are measured in turns, so that both see the same
// machine.
#include "trapeze/trapeze.hh"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <iostream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr int depth = 10;
constexpr double round_ns = 5e7;

struct Options {
  trapeze::Config config;
  int modules = 0, functions = 0;
  bool thread = false, engine = true;
};

double cpu_nanoseconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

/// run(n) throws n times over `depth` frames, which lie as far apart as the module is large, and adds up what it
/// caught. The frames call through a table, so that no inlining makes fewer of them.
std::string throwing_module(int functions) {
  std::string text = "(module (type $f (func (param i32) (result i32))) (tag $e (param i32)) (tag $other (param i32))\n"
                     "(table funcref (elem $c0 $c1 $c2 $c3 $c4 $c5 $c6 $c7 $c8 $c9))\n"
                     "(func $c0 (type $f) (throw $e (local.get 0)))\n";
  int filler = 0;
  for (int frame = 1; frame < depth; ++frame) {
    for (; filler < frame * (functions / depth); ++filler) {
      std::string call = "(call_indirect (type $f) (local.get 0) (i32.const " + std::to_string(filler % depth) + "))";
      text += "(func (type $f) ";
      text += filler % 2 == 0 ? call + "(i32.const 3) (i32.add)"
                              : "(block $h (result i32) (try_table (result i32) (catch $other $h) " + call + "))";
      text += ")\n";
    }
    std::string index = std::to_string(frame);
    text += "(func $c" + index +
            " (type $f) (i32.xor (i32.const 1) (call_indirect (type $f) (local.get 0) (i32.const " +
            std::to_string(frame - 1) + "))))\n";
  }
  return text + R"((func (export "run") (param $n i32) (result i32) (local $i i32) (local $sum i32)
    (loop $next
      (block $h (result i32)
        (try_table (result i32) (catch $e $h) (call_indirect (type $f) (local.get $i) (i32.const 9))))
      (local.set $sum (i32.add (local.get $sum)))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $sum))))";
}

std::string other_module(int i) {
  return "(module (tag $e (param i32)) (func $f (param i32) (throw $e (i32.const " + std::to_string(i) +
         "))) (func (export \"run\") (result i32) (block $h (result i32) (try_table (catch $e $h) (call $f (i32.const "
         "1))) "
         "(i32.const 0))))";
}

[[gnu::noinline]] int host_frame(int k, int value) {
  asm volatile("" : "+r"(value));
  if (k == 0)
    throw value;
  int result = host_frame(k - 1, value);
  asm volatile("" : "+r"(result));
  return result ^ 1;
}

std::uint32_t host_throws(std::uint32_t n) {
  std::uint32_t sum = 0;
  for (std::uint32_t i = 0; i < n; ++i) {
    try {
      host_frame(depth - 1, static_cast<int>(i));
    } catch (int value) {
      sum += static_cast<std::uint32_t>(value);
    }
  }
  return sum;
}

/// Nanoseconds per throw; `count` is found at first use, so that a round takes about round_ns.
template <typename Run> double measure(Run &&run, std::uint32_t &count) {
  for (;;) {
    std::uint32_t n = count == 0 ? 100 : count;
    double start = cpu_nanoseconds();
    std::uint32_t sum = run(n);
    double taken = cpu_nanoseconds() - start;
    if (sum != static_cast<std::uint32_t>(std::uint64_t{n} * (n - 1) / 2)) {
      std::fprintf(stderr, "scale: run(%u) is %u\n", n, sum);
      std::exit(1);
    }
    if (count != 0 && taken > round_ns / 8)
      return taken / n;
    count = std::max(n, static_cast<std::uint32_t>(std::min(n * 100.0, n * round_ns / std::max(taken, 1.0))));
  }
}

/// The Wasm side of the process.
class Wasm {
public:
  explicit Wasm(const Options &options)
      : engine_(options.config), store_(engine_),
        module_(trapeze::Module::from_text(engine_, throwing_module(options.functions), "throwing")),
        run_(trapeze::Linker(store_).instantiate(module_).func("run")) {
    for (int i = 0; i < options.modules; ++i)
      trapeze::Linker(store_)
          .instantiate(trapeze::Module::from_text(engine_, other_module(i), "other"))
          .func("run")
          .call();
    if (options.thread)
      rival_ = std::thread([this] { throw_along(); });
  }
  ~Wasm() {
    state_ = State::Ends;
    if (rival_.joinable())
      rival_.join();
  }

  std::uint32_t throws(std::uint32_t n) { return call(run_, n); }
  void set_rival(bool on) { state_ = on ? State::Throws : State::Waits; }

private:
  enum class State { Waits, Throws, Ends };
  static std::uint32_t call(const trapeze::Func &run, std::uint32_t n) {
    return static_cast<std::uint32_t>(run.call({static_cast<std::int32_t>(n)})[0].i32());
  }
  void throw_along() {
    trapeze::Store store(engine_);
    trapeze::Func run = trapeze::Linker(store).instantiate(module_).func("run");
    while (state_ != State::Ends)
      state_ == State::Throws ? void(call(run, 1000)) : std::this_thread::yield();
  }

  trapeze::Engine engine_;
  trapeze::Store store_;
  trapeze::Module module_;
  trapeze::Func run_;
  std::atomic<State> state_{State::Waits};
  std::thread rival_;
};

Options read(int argc, char **argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    auto is = [&](const char *name) { return std::strcmp(argv[i], name) == 0; };
    if (is("--thread"))
      options.thread = true;
    else if (is("--no-engine"))
      options.engine = false;
    else if (is("--modules") && i + 1 < argc)
      options.modules = std::atoi(argv[++i]);
    else if (is("--functions") && i + 1 < argc)
      options.functions = std::atoi(argv[++i]);
    else if (is("--unwinder") && i + 1 < argc)
      options.config.unwinder(std::strcmp(argv[++i], "system") == 0 ? trapeze::Unwinder::System
                                                                    : trapeze::Unwinder::Fast);
    else
      std::exit(2);
  }
  return options;
}

} // namespace

int main(int argc, char **argv) try {
  Options options = read(argc, argv);
  std::optional<Wasm> wasm;
  if (options.engine)
    wasm.emplace(options);
  std::uint32_t wasm_count = 0, host_count = 0;
  for (std::string line; std::getline(std::cin, line);) {
    if (wasm) {
      wasm->set_rival(true);
      double ns = measure([&](std::uint32_t n) { return wasm->throws(n); }, wasm_count);
      wasm->set_rival(false);
      std::printf("{\"wasm\": %.3f, ", ns);
    } else {
      std::printf("{");
    }
    std::printf("\"host\": %.3f}\n", measure(host_throws, host_count));
    std::fflush(stdout);
  }
} catch (const std::exception &fault) {
  std::fprintf(stderr, "scale: %s\n", fault.what());
  return 1;
}
