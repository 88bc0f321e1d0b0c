// eh_random: random programs with exceptions, in the engine and in an interpreter of their own.
//
//   eh_random --seed 1 --count 1000 [--jobs N] [--unwinder fast|system|both]    the last line is
//                                                     `1000 programs, 0 disagreements`; status 0 only then
//   ... --verify                                      every program under the IR verifier and the allocation checker;
//                                                     else one in five
//   ... --seconds 3600                                as many as come to an end in that time, at most N
//   ... --size 8                                      programs eight times as long: more live values, more nesting
//   eh_random --seed 1 --only 17 [--print]            one program again, with its text
//   eh_random --seed 1 --count 1000 --self-test       the oracle with wrong rules, one at a time: each must be found,
//                                                     and every feature in the list `Reach` must have been used
//
// Programs are independent: the N-th of a seed is the same wherever it runs. Workers are processes, so that a crash of
// the engine is a result like any other; they say in shared memory where they are. A worker that stays at one program
// for a minute hangs.
#include "drive.hh"
#include "emit.hh"
#include "generate.hh"
#include "interpret.hh"
#include "shrink.hh"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <optional>
#include <string_view>
#include <thread>

#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace eh_random {
namespace {

struct Options {
  u64 seed = 1, count = 1000;
  u64 only = ~0ull;
  u32 size = 1;
  u32 jobs = std::max(1u, std::thread::hardware_concurrency());
  bool print = false, self_test = false, verify = false;
  std::optional<std::chrono::seconds> time;
  std::optional<u32> opt_level; ///< else each program has one of its own
  std::vector<UnwinderChoice> unwinders = {UnwinderChoice::Fast};
};

/// The n-th program, at the level asked for.
Program make(const Options &options, u64 n) {
  Program program = generate(options.seed, n, options.size);
  if (options.opt_level)
    program.opt_level = *options.opt_level;
  program.verify |= options.verify;
  return program;
}

constexpr const char *unwinder_names[] = {"fast", "system"};

/// The engine's outcome, or what it failed with.
Trace run_engine(const Program &program, UnwinderChoice unwinder, bool text, std::string &error) {
  try {
    return drive(program, unwinder, text);
  } catch (const std::exception &e) {
    error = e.what();
  } catch (...) {
    error = "an unknown C++ exception";
  }
  return Trace(text);
}

bool agrees(const Program &program, const Options &options) {
  Trace expected = interpret(program, WrongRule::None, false);
  for (UnwinderChoice unwinder : options.unwinders) {
    std::string error;
    if (!(run_engine(program, unwinder, false, error) == expected) || !error.empty())
      return false;
  }
  return true;
}

/// The same in a child process: a crash is a disagreement, and a hang is one after ten seconds.
bool agrees_apart(const Program &program, const Options &options) {
  std::fflush(nullptr);
  pid_t child = fork();
  if (!child) {
    alarm(10);
    std::freopen("/dev/null", "w", stderr);
    _exit(agrees(program, options) ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// What a person needs: the program, cut down, and both outcomes.
void report(const Options &options, u64 number, const char *what) {
  Program program = make(options, number);
  program = shrink(std::move(program), [&](const Program &p) { return !agrees_apart(p, options); }, 4000);
  std::printf("---- seed %llu, program %llu: %s (again: --seed %llu --only %llu --size %u)\n",
              static_cast<unsigned long long>(options.seed), static_cast<unsigned long long>(number), what,
              static_cast<unsigned long long>(options.seed), static_cast<unsigned long long>(number), options.size);
  std::printf("%s\nthe oracle:%s\n", to_text(program).c_str(),
              interpret(program, WrongRule::None, true).lines().c_str());
  for (UnwinderChoice unwinder : options.unwinders) {
    std::printf("the engine, unwinder %s:", unwinder_names[static_cast<u8>(unwinder)]);
    std::fflush(stdout);
    pid_t child = fork();
    if (!child) {
      alarm(10);
      std::string error;
      Trace trace = run_engine(program, unwinder, true, error);
      std::printf("%s\n%s%s", trace.lines().c_str(), error.empty() ? "" : "failed: ", error.c_str());
      std::fflush(stdout);
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status))
      std::printf(" killed by signal %d", WTERMSIG(status));
    std::printf("\n");
  }
  std::fflush(stdout);
}

// ---------------------------------------------------------------------------------------------- workers

struct Slot {
  std::atomic<u64> next, done, disagreements; // next: the program being run
};

using Clock = std::chrono::steady_clock;

void work(const Options &options, Slot &slot, u64 step, Clock::time_point end) {
  for (u64 n; (n = slot.next) < options.count && Clock::now() < end; slot.next = n + step) {
    if (!agrees(make(options, n), options)) {
      ++slot.disagreements;
      if (slot.disagreements <= 3)
        report(options, n, "disagreement");
      else
        std::printf("---- seed %llu, program %llu: disagreement\n", static_cast<unsigned long long>(options.seed),
                    static_cast<unsigned long long>(n));
    }
    ++slot.done;
  }
}

pid_t start(const Options &options, Slot &slot, u64 step, Clock::time_point end) {
  std::fflush(nullptr);
  pid_t child = fork();
  if (!child) {
    work(options, slot, step, end);
    std::fflush(nullptr);
    _exit(0);
  }
  return child;
}

struct Worker {
  pid_t process = 0;
  u64 seen = ~0ull;
  Clock::time_point since;
};

int run_all(const Options &options) {
  u64 jobs = std::min<u64>(options.jobs, std::max<u64>(1, options.count));
  void *shared = mmap(nullptr, sizeof(Slot) * jobs, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED)
    return 2;
  Slot *slots = new (shared) Slot[jobs]{};
  std::vector<Worker> workers(jobs);
  const Clock::time_point end = options.time ? Clock::now() + *options.time : Clock::time_point::max();
  for (u64 w = 0; w < jobs; ++w) {
    slots[w].next = w;
    workers[w] = {start(options, slots[w], jobs, end), ~0ull, Clock::now()};
  }
  for (u64 running = jobs; running > 0;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    for (u64 w = 0; w < jobs; ++w) {
      Worker &worker = workers[w];
      if (!worker.process)
        continue;
      int status = 0;
      if (waitpid(worker.process, &status, WNOHANG) == 0) {
        auto now = Clock::now();
        if (worker.seen != slots[w].next)
          worker.seen = slots[w].next, worker.since = now;
        else if (now - worker.since > std::chrono::seconds(120))
          kill(worker.process, SIGKILL);
        continue;
      }
      if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        worker.process = 0;
        --running;
        continue;
      }
      // The engine took the worker along: a disagreement, and on with the next program.
      ++slots[w].disagreements, ++slots[w].done;
      report(options, slots[w].next, WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "the engine exited");
      slots[w].next += jobs;
      worker = {start(options, slots[w], jobs, end), ~0ull, Clock::now()};
    }
  }
  u64 done = 0, disagreements = 0;
  for (u64 w = 0; w < jobs; ++w)
    done += slots[w].done, disagreements += slots[w].disagreements;
  std::printf("%llu programs, %llu disagreements\n", static_cast<unsigned long long>(done),
              static_cast<unsigned long long>(disagreements));
  return disagreements || (!options.time && done != options.count);
}

// ---------------------------------------------------------------------------------------------- self-test

int self_test(const Options &options) {
  constexpr u32 rules = static_cast<u32>(WrongRule::Count);
  std::vector<u64> found_at(rules, ~0ull);
  u32 found = 0;
  for (u64 n = 0; n < options.count; ++n) {
    Program program = make(options, n);
    Trace shown = drive(program, options.unwinders[0], false);
    if (!(shown == interpret(program, WrongRule::None, false))) {
      std::printf("program %llu disagrees by itself\n", static_cast<unsigned long long>(n));
      return 1;
    }
    for (u32 r = 1; r < rules; ++r)
      if (found_at[r] == ~0ull && !(shown == interpret(program, static_cast<WrongRule>(r), false)))
        found_at[r] = n, ++found;
  }
  for (u32 r = 1; r < rules; ++r)
    if (found_at[r] == ~0ull)
      std::printf("not found: %s\n", to_string(static_cast<WrongRule>(r)));
    else
      std::printf("%-24s found by program %llu\n", to_string(static_cast<WrongRule>(r)),
                  static_cast<unsigned long long>(found_at[r]));
  u32 missing = 0;
  for (u32 i = 0; i < static_cast<u32>(Reach::Count); ++i) {
    u64 times = reached(static_cast<Reach>(i));
    std::printf("%10llu  %s\n", static_cast<unsigned long long>(times), to_string(static_cast<Reach>(i)));
    missing += !times;
  }
  std::printf("self-test: %u wrong rules, %u found; %u features, %u reached\n", rules - 1, found,
              static_cast<u32>(Reach::Count), static_cast<u32>(Reach::Count) - missing);
  return found != rules - 1 || missing;
}

int one(const Options &options) {
  Program program = make(options, options.only);
  if (options.print)
    std::printf("%s\nthe oracle:%s\n\n", to_text(program).c_str(),
                interpret(program, WrongRule::None, true).lines().c_str());
  bool ok = agrees_apart(program, options);
  if (!ok)
    report(options, options.only, "disagreement");
  std::printf("1 programs, %d disagreements\n", !ok);
  return !ok;
}

/// The oracle recurses with the program, and a sanitizer's frames are large: begins again with more stack, once.
void want_stack(char **words) {
  constexpr rlim_t wanted = rlim_t{512} << 20;
  rlimit limit;
  if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur >= wanted || limit.rlim_max < wanted)
    return;
  limit.rlim_cur = wanted;
  if (setrlimit(RLIMIT_STACK, &limit) == 0)
    execv("/proc/self/exe", words);
}

[[noreturn]] void usage() {
  std::fputs("usage: eh_random [--seed S] [--count N] [--size N] [--jobs J] [--unwinder fast|system|both]\n"
             "                 [--opt-level 0|1|2|3|s] [--verify] [--seconds T] [--only K [--print]] [--self-test]\n",
             stderr);
  std::exit(2);
}

Options parse(int count, char **words) {
  Options options;
  for (int i = 1; i < count; ++i) {
    std::string_view word = words[i];
    auto value = [&]() -> const char * { return i + 1 < count ? words[++i] : (usage(), ""); };
    auto number = [&] {
      char *end;
      const char *text = value();
      u64 n = std::strtoull(text, &end, 10);
      if (*end || end == text)
        usage();
      return n;
    };
    if (word == "--seed")
      options.seed = number();
    else if (word == "--count")
      options.count = number();
    else if (word == "--only")
      options.only = number();
    else if (word == "--jobs")
      options.jobs = static_cast<u32>(std::max<u64>(1, number()));
    else if (word == "--size")
      options.size = static_cast<u32>(std::max<u64>(1, number()));
    else if (word == "--print")
      options.print = true;
    else if (word == "--verify")
      options.verify = true;
    else if (word == "--seconds")
      options.time = std::chrono::seconds(number());
    else if (word == "--self-test")
      options.self_test = true;
    else if (word == "--opt-level") {
      std::string_view level = value();
      std::size_t known = std::string_view(opt_level_names).find(level);
      if (level.size() != 1 || known == std::string_view::npos)
        usage();
      options.opt_level = static_cast<u32>(known);
    } else if (word == "--unwinder") {
      std::string_view which = value();
      options.unwinders.clear();
      if (which == "fast" || which == "both")
        options.unwinders.push_back(UnwinderChoice::Fast);
      if (which == "system" || which == "both")
        options.unwinders.push_back(UnwinderChoice::System);
      if (options.unwinders.empty())
        usage();
    } else
      usage();
  }
  return options;
}

} // namespace
} // namespace eh_random

int main(int argc, char **argv) {
  using namespace eh_random;
  want_stack(argv);
  Options options = parse(argc, argv);
  if (options.only != ~0ull)
    return one(options);
  return options.self_test ? self_test(options) : run_all(options);
}
