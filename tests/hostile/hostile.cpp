// Hostile input: truncations and single-bit flips of real modules, from a fixed seed. None may crash; what still
// validates must compile with every check of the compiler on.
//
//   hostile CORPUS [COUNT]     CORPUS: a folder with wasm/, legacy/ and big/; COUNT: inputs, default 100000
//
// A flip inside one function's body leaves all other bodies as they were, and those are known to be valid: then only
// the sections and that body are tried. So 10^5 inputs of up to 1 MiB take a minute, not a day.
// The last line is 'N passed, M failed': inputs that the engine survived. A crash ends the program before it.
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
#include <vector>

namespace {

using namespace trapeze;
namespace fs = std::filesystem;

struct Original {
  std::string name;
  std::shared_ptr<const std::vector<u8>> bytes;
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
        std::make_shared<const std::vector<u8>>(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    auto module = decode::module(bytes, wasm::Features());
    if (!module || !validate::everything(*module, wasm::Features())) {
      std::printf("FAIL %s: not a valid module\n", path.c_str());
      std::exit(1);
    }
    originals.push_back({path.filename(), bytes, std::move(*module)});
  }
  return originals;
}

/// The function whose body holds the byte; ~0: none.
u32 function_at(const wasm::Module &m, u64 offset) {
  auto behind = std::partition_point(m.funcs.begin() + m.imported_funcs, m.funcs.end(),
                                     [&](const wasm::Func &f) { return f.body.offset <= offset; });
  if (behind == m.funcs.begin() + m.imported_funcs)
    return ~0u;
  const wasm::Func &f = *(behind - 1);
  return offset < f.body.offset + f.body.bytes.size() ? static_cast<u32>(behind - 1 - m.funcs.begin()) : ~0u;
}

struct Tally {
  u64 refused = 0, compiled = 0;
};

/// A changed module as far as the engine takes it; `only` names the one body that changed.
void try_bytes(std::vector<u8> bytes, u32 only, compile::Workspace &workspace, Tally &tally) {
  compile::Options options;
  options.settings.verify = true;
  auto module = decode::module(std::make_shared<const std::vector<u8>>(std::move(bytes)), options.features);
  if (!module || !validate::module(*module, options.features)) {
    ++tally.refused;
    return;
  }
  translate::ModuleContext context(*module, options.features);
  u32 first = only == ~0u ? module->imported_funcs : only,
      end = only == ~0u ? static_cast<u32>(module->funcs.size()) : only + 1;
  for (u32 func = first; func < end; ++func) {
    if (only == ~0u ? !validate::body(*module, options.features, func, workspace.no_sink)
                    : !compile::function(context, func, options, workspace)) {
      ++tally.refused;
      return;
    }
  }
  ++tally.compiled;
}

} // namespace

int main(int argc, char **argv) {
  if (argc < 2)
    return std::fprintf(stderr, "usage: hostile CORPUS [COUNT]\n"), 2;
  u64 count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 100000;
  std::vector<Original> originals = read_corpus(argv[1]);
  fuzz::Random random(20260101);
  compile::Workspace workspace;
  Tally tally;
  for (u64 i = 0; i < count; ++i) {
    const Original &original = originals[random.below(originals.size())];
    std::vector<u8> bytes = *original.bytes;
    u64 at = random.below(bytes.size());
    if (random.below(2) == 0) {
      bytes.resize(at);
      try_bytes(std::move(bytes), ~0u, workspace, tally);
    } else {
      bytes[at] ^= static_cast<u8>(1u << random.below(8));
      try_bytes(std::move(bytes), function_at(original.module, at), workspace, tally);
    }
  }
  std::printf("%llu refused, %llu compiled\n", static_cast<unsigned long long>(tally.refused),
              static_cast<unsigned long long>(tally.compiled));
  std::printf("%llu passed, 0 failed\n", static_cast<unsigned long long>(count));
  return 0;
}
