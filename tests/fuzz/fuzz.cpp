// The mutation driver: seeds from this tree and the test data, mutated for a while in child processes, so that a
// crash is counted, kept and survived.
//
//   fuzz [--seconds=N] [--data=DIR] [--seed=N] [--keep=DIR]
//   fuzz FILE…                              tries these inputs and stops (to reproduce a crash)
//   fuzz --write-seeds=DIR [--data=DIR]     writes the seeds, for libFuzzer, and stops
//
// The last line is `fuzz: N inputs, M crashes`; an input that takes longer than 10 s counts as a crash. Each crash
// is written to the folder of --keep (default: fuzz-crashes). Status 0 only without crashes.
#include "inputs.hh"
#include "mutate.hh"
#include "text/script.hh"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>
#include <string>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace trapeze::fuzz {
namespace {

namespace fs = std::filesystem;

struct Seed {
  bool is_text;
  std::string bytes;
};

struct Options {
  u64 seconds = 60, seed = 1;
  std::string data, keep = "fuzz-crashes", write_seeds;
  std::vector<std::string> files;
};

/// What the parent sees of a child: shared between the two.
struct Progress {
  std::atomic<u64> next; ///< number of the input being tried
};

std::string read(const fs::path &path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool is_text(const std::string &bytes) { return bytes.compare(0, 4, std::string("\0asm", 4)) != 0; }

/// Each text module of a script is a seed of its own, and so is a short script.
void add_modules(const std::string &script, std::vector<Seed> &seeds) {
  constexpr u64 short_script = 8 << 10;
  auto commands = text::parse_script(script);
  if (!commands)
    return;
  for (const text::Command &command : *commands)
    if (const text::ScriptModule &m = command.module; m.form == text::ModuleForm::Text && m.end > m.begin)
      seeds.push_back({true, script.substr(m.begin, m.end - m.begin)});
  if (script.size() <= short_script)
    seeds.push_back({true, script});
}

void add_seeds(const fs::path &folder, std::vector<Seed> &seeds) {
  constexpr u64 largest = 400 << 10; // beyond that an input costs more than it finds
  std::error_code ignored;
  std::vector<fs::path> paths;
  for (const auto &entry : fs::recursive_directory_iterator(folder, ignored))
    if (entry.is_regular_file() && entry.file_size() <= largest &&
        (entry.path().extension() == ".wast" || entry.path().extension() == ".wat" ||
         entry.path().extension() == ".wasm"))
      paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  for (const auto &path : paths) {
    std::string bytes = read(path);
    if (path.extension() == ".wast")
      add_modules(bytes, seeds);
    else
      seeds.push_back({is_text(bytes), std::move(bytes)});
  }
}

std::span<const u8> as_bytes(const std::string &s) { return {reinterpret_cast<const u8 *>(s.data()), s.size()}; }

/// Input number `number`: the same for the same seed and seeds.
Seed input(const std::vector<Seed> &seeds, u64 seed, u64 number) {
  Random random(seed * 0x2545f4914f6cdd1d + number);
  const Seed &base = seeds[random.below(seeds.size())];
  const Seed &other = seeds[random.below(seeds.size())];
  if (base.is_text)
    return {true, mutate_text(base.bytes, other.is_text ? other.bytes : "", random)};
  std::vector<u8> bytes =
      mutate_binary(as_bytes(base.bytes), other.is_text ? std::span<const u8>() : as_bytes(other.bytes), random);
  return {false, std::string(bytes.begin(), bytes.end())};
}

void try_one(const Seed &seed) {
  if (seed.is_text)
    try_text(seed.bytes);
  else
    try_binary(as_bytes(seed.bytes));
}

/// Tries inputs until the time is over; each has 10 seconds.
[[noreturn]] void child(const std::vector<Seed> &seeds, u64 seed, Progress &progress, u64 stride,
                        std::chrono::steady_clock::time_point end) {
  while (std::chrono::steady_clock::now() < end) {
    alarm(10);
    try_one(input(seeds, seed, progress.next));
    progress.next += stride;
  }
  alarm(0);
  _exit(0);
}

struct Worker {
  Progress *progress;
  pid_t pid = 0;
};

u64 run(const std::vector<Seed> &seeds, const Options &options) {
  auto end = std::chrono::steady_clock::now() + std::chrono::seconds(options.seconds);
  u64 count = std::max(1l, sysconf(_SC_NPROCESSORS_ONLN)), crashes = 0, inputs = 0;
  std::vector<Worker> workers(count);
  auto start = [&](Worker &worker) {
    if (worker.pid = fork(); worker.pid == 0)
      child(seeds, options.seed, *worker.progress, count, end);
  };
  for (u64 i = 0; i < count; ++i) {
    void *page = mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
      std::abort();
    workers[i].progress = new (page) Progress{{i}};
    start(workers[i]);
  }
  for (u64 running = count; running > 0;) {
    int status = 0;
    pid_t ended = wait(&status);
    for (u64 i = 0; i < count; ++i) {
      Worker &worker = workers[i];
      if (worker.pid != ended)
        continue;
      if (status == 0) {
        --running;
        inputs += (worker.progress->next - i) / count;
        continue;
      }
      ++crashes;
      u64 number = worker.progress->next;
      fs::create_directories(options.keep);
      fs::path path = fs::path(options.keep) / ("crash-" + std::to_string(options.seed) + "-" + std::to_string(number));
      std::ofstream(path, std::ios::binary) << input(seeds, options.seed, number).bytes;
      std::printf("crash: input %llu of seed %llu (status 0x%x), kept as %s\n", static_cast<unsigned long long>(number),
                  static_cast<unsigned long long>(options.seed), static_cast<unsigned>(status), path.c_str());
      worker.progress->next += count;
      start(worker);
    }
  }
  std::printf("fuzz: %llu inputs, %llu crashes\n", static_cast<unsigned long long>(inputs),
              static_cast<unsigned long long>(crashes));
  return crashes;
}

Options parse(int argc, char **argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    auto value = [&](const char *flag) {
      return word.starts_with(flag) ? argv[i] + std::char_traits<char>::length(flag) : nullptr;
    };
    if (const char *v = value("--seconds="))
      options.seconds = std::strtoull(v, nullptr, 10);
    else if (const char *v = value("--seed="))
      options.seed = std::strtoull(v, nullptr, 10);
    else if (const char *v = value("--data="))
      options.data = v;
    else if (const char *v = value("--keep="))
      options.keep = v;
    else if (const char *v = value("--write-seeds="))
      options.write_seeds = v;
    else
      options.files.push_back(word);
  }
  return options;
}

} // namespace
} // namespace trapeze::fuzz

int main(int argc, char **argv) {
  using namespace trapeze;
  using namespace trapeze::fuzz;
  Options options = parse(argc, argv);
  if (!options.files.empty()) {
    for (const std::string &file : options.files) {
      std::string bytes = read(file);
      try_one({is_text(bytes), bytes});
    }
    return 0;
  }
  std::vector<Seed> seeds;
  add_seeds(TRAPEZE_SOURCE_DIR "/tests", seeds);
  add_seeds(TRAPEZE_SOURCE_DIR "/examples", seeds);
  for (const char *folder : {"/testsuite", "/corpus/wasm", "/corpus/legacy", "/bench/eh/wasm"})
    if (!options.data.empty())
      add_seeds(options.data + folder, seeds);
  if (seeds.empty()) {
    std::fprintf(stderr, "fuzz: no seeds\n");
    return 2;
  }
  if (!options.write_seeds.empty()) {
    fs::create_directories(options.write_seeds);
    for (u64 i = 0; i < seeds.size(); ++i)
      std::ofstream(fs::path(options.write_seeds) / std::to_string(i), std::ios::binary) << seeds[i].bytes;
    return 0;
  }
  std::printf("fuzz: %zu seeds\n", seeds.size());
  std::fflush(stdout);
  return run(seeds, options) == 0 ? 0 : 1;
}
