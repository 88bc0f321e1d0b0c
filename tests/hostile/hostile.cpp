// Hostile input: truncations and single-bit flips of real modules, from a fixed seed. None may crash; what still
// validates must compile with every check of the compiler on.
//
//   hostile CORPUS [COUNT [PROCESSES]]     CORPUS: a folder with wasm/, legacy/ and big/; COUNT: default 100000
//
// Each input is tried as far as its change reaches; the rest of the module is known to be valid. A flip inside one
// function's body leaves all other bodies as they were: the sections and that body are tried. The contents of custom
// and data sections no body sees: then a body is compiled for good measure. Anything else may change any body: all are
// validated, one is compiled. So 10^5 inputs of up to 1 MiB take a minute, not a day.
//
// The inputs are drawn beforehand and dealt out to processes. A process that dies is reported with its input and
// replaced by one that goes on behind it. The last line is 'N passed, M failed': inputs that the engine survived.
#include "compile/compile.hh"
#include "compile/function.hh"
#include "decode/decode.hh"
#include "fuzz/mutate.hh"
#include "validate/validate.hh"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using namespace trapeze;
namespace fs = std::filesystem;

struct Original {
  std::string name;
  std::shared_ptr<std::vector<u8>> bytes; ///< as in the file, but while a flip is tried
  wasm::Module module;
};

std::vector<Original> read_corpus(const fs::path &corpus) {
  std::vector<fs::path> paths;
  for (const char *folder : {"wasm", "legacy", "big"})
    for (const auto &entry : fs::directory_iterator(corpus / folder))
      if (entry.path().extension() == ".wasm")
        paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<Original> originals;
  for (const fs::path &path : paths) {
    std::ifstream in(path, std::ios::binary);
    auto bytes =
        std::make_shared<std::vector<u8>>(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    auto module = decode::module(bytes, wasm::Features());
    if (!module || !validate::everything(*module, wasm::Features())) {
      std::printf("FAIL %s: not a valid module\n", path.c_str());
      std::exit(1);
    }
    originals.push_back({path.filename(), bytes, std::move(*module)});
  }
  return originals;
}

struct Input {
  u32 original;
  u32 at;     ///< the byte that is flipped, or the first one that is missing
  i8 bit;     ///< -1: a truncation
  u32 chosen; ///< which body is compiled where any would do, modulo their number
};

std::vector<Input> draw(const std::vector<Original> &originals, u64 count) {
  fuzz::Random random(20260101);
  std::vector<Input> inputs(count);
  for (Input &input : inputs) {
    input.original = static_cast<u32>(random.below(originals.size()));
    input.at = static_cast<u32>(random.below(originals[input.original].bytes->size()));
    input.bit = random.below(2) == 0 ? i8(-1) : static_cast<i8>(random.below(8));
    input.chosen = static_cast<u32>(random.next());
  }
  return inputs;
}

/// Which bodies a change can have an effect on.
struct Reach {
  enum Kind : u8 { NoBody, OneBody, AnyBody } kind;
  u32 func = 0; ///< OneBody
};

/// Whether the byte is behind the header of a custom or data section.
bool is_in_unseen_contents(std::span<const u8> bytes, u64 offset) {
  constexpr u8 Custom = 0, Data = 11;
  base::ByteReader r(bytes);
  r.skip(8);
  while (!r.at_end()) {
    u8 id = r.u8_();
    u64 size = r.leb_u32(), contents = r.position();
    if (offset < contents)
      return false;
    if (offset < contents + size)
      return id == Custom || id == Data;
    r.skip(size);
  }
  return false;
}

/// Of a flip, before it is made.
Reach reach(const Original &original, const Input &input) {
  const wasm::Module &m = original.module;
  if (is_in_unseen_contents(*original.bytes, input.at))
    return {Reach::NoBody};
  auto behind = std::partition_point(m.funcs.begin() + m.imported_funcs, m.funcs.end(),
                                     [&](const wasm::Func &f) { return f.body.offset <= input.at; });
  if (behind == m.funcs.begin() + m.imported_funcs)
    return {Reach::AnyBody};
  const wasm::Func &f = *(behind - 1);
  if (input.at >= f.body.offset + f.body.bytes.size())
    return {Reach::AnyBody};
  return {Reach::OneBody, static_cast<u32>(behind - 1 - m.funcs.begin())};
}

/// Takes a changed module through the engine as far as it goes; true: it compiled.
bool try_bytes(std::shared_ptr<const std::vector<u8>> bytes, Reach where, u32 chosen, compile::Workspace &workspace) {
  compile::Options options;
  options.settings.verify = true;
  auto module = decode::module(std::move(bytes), options.features);
  if (!module || !validate::module(*module, options.features))
    return false;
  u32 end = static_cast<u32>(module->funcs.size());
  if (where.kind == Reach::AnyBody)
    for (u32 func = module->imported_funcs; func < end; ++func)
      if (!validate::body(*module, options.features, func, workspace.no_sink))
        return false;
  if (where.kind != Reach::OneBody) {
    if (module->imported_funcs == end)
      return true;
    where.func = module->imported_funcs + chosen % (end - module->imported_funcs);
  }
  translate::ModuleContext context(*module, options.features);
  return compile::function(context, where.func, options, workspace).has_value();
}

bool try_input(const Original &original, const Input &input, compile::Workspace &workspace) {
  std::vector<u8> &bytes = *original.bytes;
  if (input.bit < 0) {
    auto front = std::make_shared<const std::vector<u8>>(bytes.begin(), bytes.begin() + input.at);
    return try_bytes(std::move(front), {Reach::AnyBody}, input.chosen, workspace);
  }
  Reach where = reach(original, input);
  u8 flip = static_cast<u8>(1u << input.bit);
  bytes[input.at] ^= flip; // in place: a copy would cost as much as the rest
  bool compiled = try_bytes(original.bytes, where, input.chosen, workspace);
  bytes[input.at] ^= flip;
  return compiled;
}

// ---------------------------------------------------------------- processes

/// A process's share: inputs next, next + stride, … In shared memory: what it says outlives the process.
struct Share {
  u64 next, tried, compiled;
};

class Run {
public:
  Run(std::vector<Original> originals, u64 count, u32 processes)
      : originals_(std::move(originals)), inputs_(draw(originals_, count)), processes_(processes) {
    void *memory = mmap(nullptr, processes * sizeof(Share), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
      std::perror("mmap"), std::exit(1);
    shares_ = static_cast<Share *>(memory);
  }

  u64 run() {
    std::vector<pid_t> running(processes_);
    for (u32 p = 0; p < processes_; ++p) {
      shares_[p].next = p;
      running[p] = start(shares_[p]);
    }
    u64 failed = 0;
    int status;
    for (pid_t pid; (pid = wait(&status)) > 0;) {
      u64 p = static_cast<u64>(std::find(running.begin(), running.end(), pid) - running.begin());
      if (p == processes_ || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
        continue;
      ++failed;
      if (report(shares_[p], status))
        running[p] = start(shares_[p]);
    }
    return failed;
  }

  void print_counts(u64 failed) const {
    u64 tried = 0, compiled = 0;
    for (u32 p = 0; p < processes_; ++p)
      tried += shares_[p].tried, compiled += shares_[p].compiled;
    std::printf("%llu refused, %llu compiled\n", static_cast<unsigned long long>(tried - compiled),
                static_cast<unsigned long long>(compiled));
    std::printf("%llu passed, %llu failed\n", static_cast<unsigned long long>(tried),
                static_cast<unsigned long long>(failed));
  }

private:
  pid_t start(Share &share) {
    std::fflush(nullptr);
    pid_t pid = fork();
    if (pid < 0)
      std::perror("fork"), std::exit(1);
    if (pid > 0)
      return pid;
    compile::Workspace workspace;
    for (; share.next < inputs_.size(); share.next += processes_) {
      const Input &input = inputs_[share.next];
      share.compiled += try_input(originals_[input.original], input, workspace);
      ++share.tried;
    }
    std::exit(0);
  }

  /// A line for a process that ended badly; true: inputs behind the fatal one are left to try.
  bool report(Share &share, int status) {
    std::string how = WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status))
                                          : "exit status " + std::to_string(WEXITSTATUS(status));
    if (share.next >= inputs_.size()) {
      std::printf("FAIL at the end of a process: %s\n", how.c_str());
      return false;
    }
    const Input &input = inputs_[share.next];
    std::string what = input.bit < 0 ? "cut off at" : "bit " + std::to_string(input.bit) + " flipped at";
    std::printf("FAIL input %llu: %s %s byte %u: %s\n", static_cast<unsigned long long>(share.next),
                originals_[input.original].name.c_str(), what.c_str(), input.at, how.c_str());
    share.next += processes_;
    return share.next < inputs_.size();
  }

  std::vector<Original> originals_;
  std::vector<Input> inputs_;
  u32 processes_;
  Share *shares_;
};

} // namespace

int main(int argc, char **argv) {
  if (argc < 2)
    return std::fprintf(stderr, "usage: hostile CORPUS [COUNT [PROCESSES]]\n"), 2;
  u64 count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 100000;
  u64 processes = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : std::thread::hardware_concurrency();
  Run run(read_corpus(argv[1]), count, static_cast<u32>(std::clamp<u64>(processes, 1, 64)));
  u64 failed = run.run();
  run.print_counts(failed);
  return failed != 0;
}
