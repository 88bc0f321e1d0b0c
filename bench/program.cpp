// Trapeze in bench/run's tables of programs: compile time and run time apart, in one process.
//
//   program [--opt-level=N] [--threads=N] [--compile-only] [--once] MODULE REPORT [ARG…]
//
// Compiles MODULE and runs its `_start` as a WASI command with these arguments, whose only directory is the current
// one. What takes less than `enough_ns` is repeated that long, with a fresh instance, to warm up, and then as many
// times again to be measured
// (--once: done once), so that short programs mean something. Writes {"compile": ns, "compile_wall": ns, "instantiate":
// ns, "run": ns, "runs": N, "memory": bytes} to REPORT: means, of `compile` CPU time of the process, of `instantiate`
// and `run` of this thread. The peers' programs (program_wasmtime.py, program.mjs) do and write the same.
#include "trapeze/trapeze.hh"
#include "trapeze/wasi.hh"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr double enough_ns = 6e7;
constexpr int most_repetitions = 50;

struct Options {
  trapeze::Config config;
  bool compile_only = false, once = false;
  std::string module, report;
  std::vector<std::string> arguments; ///< of the program: its name first
};

double now(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

struct Times {
  double cpu = 0, wall = 0;
  int count = 0;

  template <typename Step> void add(clockid_t clock, Step &&step) {
    double start = now(clock), wall_start = now(CLOCK_MONOTONIC);
    step();
    cpu += now(clock) - start;
    wall += now(CLOCK_MONOTONIC) - wall_start;
    ++count;
  }
  double mean() const { return cpu / count; }
};

/// The most memory this process had, in bytes. getrusage counts what the parent had before exec, too.
std::uint64_t peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (word == "VmHWM:" && status >> word)
      return std::stoull(word) * 1024;
  return 0;
}

/// What one repetition adds to, and how many there were, over the pass that warms up and the one that counts.
struct Measured {
  Times compile, instantiate, run;
  int steps = 0;
};

/// The last pass's times. `step` adds to all it is about once.
template <typename Step> Measured repeat(bool once, Times Measured::*counted, Step &&step) {
  Measured measured;
  int most = once ? 1 : most_repetitions;
  for (int pass = 0; pass < 2; ++pass) {
    measured = {.steps = measured.steps};
    double start = now(CLOCK_MONOTONIC);
    for (int i = 0; i < most; ++i) {
      step(measured);
      ++measured.steps;
      if (now(CLOCK_MONOTONIC) - start >= enough_ns)
        break;
    }
    most = (measured.*counted).count;
    if (most == 1)
      break;
  }
  return measured;
}

std::vector<std::uint8_t> read(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw std::runtime_error("cannot open " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void run_once(const trapeze::Engine &engine, const trapeze::Module &module, const Options &options,
              Measured &measured) {
  trapeze::Store store(engine);
  trapeze::Linker linker(store);
  linker.unknown_imports(trapeze::UnknownImports::Zero); // bench.start and bench.end
  trapeze::wasi::Options wasi;
  wasi.args = options.arguments;
  wasi.preopens = {{".", "."}};
  trapeze::wasi::define(linker, wasi);
  trapeze::Instance instance;
  measured.instantiate.add(CLOCK_THREAD_CPUTIME_ID, [&] { instance = linker.instantiate(module); });
  measured.run.add(CLOCK_THREAD_CPUTIME_ID, [&] {
    try {
      trapeze::wasi::run(instance);
    } catch (const trapeze::Exit &exit) {
      if (exit.status() != 0)
        throw;
    }
  });
}

Options parse(int argc, char **argv) {
  Options options;
  options.config.threads(1);
  int i = 1;
  for (; i < argc && std::strncmp(argv[i], "--", 2) == 0; ++i) {
    std::string text = argv[i];
    if (text.starts_with("--opt-level="))
      options.config.optimize(static_cast<unsigned>(std::atoi(text.c_str() + 12)));
    else if (text.starts_with("--threads="))
      options.config.threads(static_cast<std::uint32_t>(std::atoi(text.c_str() + 10)));
    else if (text == "--compile-only")
      options.compile_only = true;
    else if (text == "--once")
      options.once = true;
    else
      throw std::runtime_error("unknown option " + text);
  }
  if (argc - i < 2)
    throw std::runtime_error("program [OPTION…] MODULE REPORT [ARG…]");
  options.module = argv[i];
  options.report = argv[i + 1];
  options.arguments = {options.module};
  options.arguments.insert(options.arguments.end(), argv + i + 2, argv + argc);
  return options;
}

void measure(const Options &options) {
  trapeze::Engine engine(options.config);
  std::vector<std::uint8_t> bytes = read(options.module);
  std::optional<trapeze::Module> module;
  Measured compiled = repeat(options.once, &Measured::compile, [&](Measured &into) {
    module.reset();
    into.compile.add(CLOCK_PROCESS_CPUTIME_ID,
                     [&] { module.emplace(trapeze::Module::from_binary(engine, bytes, options.module)); });
  });
  std::FILE *report = std::fopen(options.report.c_str(), "w");
  if (!report)
    throw std::runtime_error("cannot write " + options.report);
  std::fprintf(report, "{\"compile\": %.0f, \"compile_wall\": %.0f", compiled.compile.mean(),
               compiled.compile.wall / compiled.compile.count);
  if (!options.compile_only) {
    Measured ran =
        repeat(options.once, &Measured::run, [&](Measured &into) { run_once(engine, *module, options, into); });
    std::fprintf(report, ", \"instantiate\": %.0f, \"run\": %.0f, \"runs\": %d", ran.instantiate.mean(), ran.run.mean(),
                 ran.steps);
  }
  std::fprintf(report, ", \"memory\": %llu}\n", static_cast<unsigned long long>(peak_memory()));
  std::fclose(report);
}

} // namespace

int main(int argc, char **argv) try { measure(parse(argc, argv)); } catch (const std::exception &fault) {
  std::fprintf(stderr, "program: %s\n", fault.what());
  return 1;
}
