// What debuggers and profilers are told about published code.
#include "api/impl.hh"
#include "api/source/inspect.hh"
#include "runtime/debugger.hh"
#include "trapeze/trapeze.hh"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <thread>
#include <unistd.h>

using namespace trapeze;

namespace {

constexpr const char *three = R"((module
  (func $first (result i32) i32.const 1)
  (func $_ZN4shop4sellEi (result i32) i32.const 2)
  (func (export "third") (result i32) i32.const 3)))";

std::string perf_map_path() { return "/tmp/perf-" + std::to_string(getpid()) + ".map"; }

/// Name -> the last line with it.
std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> perf_map() {
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> out;
  std::ifstream file(perf_map_path());
  std::uint64_t start, size;
  std::string name;
  while (file >> std::hex >> start >> size && std::getline(file.ignore(1), name))
    out[name] = {start, size};
  return out;
}

} // namespace

TEST_CASE("debug_info announces each module while it lives") {
  std::uint32_t before = runtime::DebuggerEntry::count();
  Engine engine(Config().debug_info(true));
  {
    Module one = Module::from_text(engine, three), two = Module::from_text(engine, three);
    CHECK(runtime::DebuggerEntry::count() == before + 2);
    runtime::DebuggerEntry again(*one.impl().code);
    CHECK(runtime::DebuggerEntry::count() == before + 3);
    std::string elf(again.file().begin(), again.file().end());
    CHECK(elf.starts_with("\x7f"
                          "ELF"));
    for (const char *part : {"first", "_ZN4shop4sellEi", "third", ".text", ".eh_frame"})
      CHECK(elf.find(std::string("\0", 1) + part + std::string("\0", 1)) != std::string::npos);
    std::uint64_t base = reinterpret_cast<std::uint64_t>(one.impl().code->base());
    CHECK(elf.find(std::string(reinterpret_cast<const char *>(&base), 8)) != std::string::npos); // of .text, of `first`
  }
  CHECK(runtime::DebuggerEntry::count() == before);
}

TEST_CASE("threads announce and withdraw at once") {
  std::uint32_t before = runtime::DebuggerEntry::count();
  Engine engine(Config().debug_info(true).threads(1));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 25; ++i) {
        Module one = Module::from_text(engine, three), two = Module::from_text(engine, three);
        one = two;
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  CHECK(runtime::DebuggerEntry::count() == before);
}

TEST_CASE("profile writes a line per function, names readable") {
  Engine engine(Config().profile(Profile::PerfMap));
  Module module = Module::from_text(engine, three);
  auto rows = perf_map();
  const auto &image = module.impl().code->image();
  std::uint64_t base = reinterpret_cast<std::uint64_t>(module.impl().code->base());
  const char *names[] = {"first", "shop::sell(int)", "third"};
  for (int i = 0; i < 3; ++i) {
    REQUIRE(rows.contains(names[i]));
    CHECK(rows[names[i]].first == base + image.functions[i].code_offset);
    CHECK(rows[names[i]].second == image.functions[i].text_size);
  }
  // A name cannot break the file's lines.
  Module evil = Module::from_text(engine, "(module (func (export \"a\\0a0 ffffffffffff evil\")))");
  rows = perf_map();
  CHECK(rows.contains("a\\x0a0 ffffffffffff evil"));
  CHECK(!rows.contains("evil"));
  unlink(perf_map_path().c_str());
}

TEST_CASE("the self-test finds nothing") {
  std::vector<api::Check> checks = api::self_test();
  CHECK(checks.size() >= 20);
  for (const api::Check &check : checks)
    CHECK_MESSAGE(check.ok, check.name, ": ", check.text);
}
