// Trapeze in bench/run's table of saved modules. Each is a process of its own, so that a load finds nothing of the
// compiler's in memory:
//   artifact save MODULE FILE REPORT    compiles and saves: {"compile": ns, "save": ns}
//   artifact load FILE REPORT           loads, once and then repeatedly: {"first": ns, "load": ns}
// CPU time of the process; `load` is the least of the repetitions. The peers' programs do and write the same.
#include "trapeze/trapeze.hh"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr int repetitions = 20;

double now() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

template <typename Step> double timed(Step &&step) {
  const double start = now();
  step();
  return now() - start;
}

std::vector<std::uint8_t> read(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw std::runtime_error("cannot open " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void report(const char *path, const char *first_name, double first, const char *second_name, double second) {
  std::ofstream file(path);
  file << "{\"" << first_name << "\": " << first << ", \"" << second_name << "\": " << second << "}\n";
  if (!file.flush())
    throw std::runtime_error(std::string("cannot write ") + path);
}

void save(const std::string &input, const std::string &output, const char *report_path) {
  trapeze::Engine engine(trapeze::Config().threads(1));
  const std::vector<std::uint8_t> bytes = read(input);
  std::optional<trapeze::Module> module;
  const double compile = timed([&] { module.emplace(trapeze::Module::from_binary(engine, bytes, input)); });
  const double saved = timed([&] { module->save(output); });
  report(report_path, "compile", compile, "save", saved);
}

void load(const std::string &file, const char *report_path) {
  trapeze::Engine engine(trapeze::Config().threads(1));
  auto once = [&] {
    std::optional<trapeze::Module> module;
    return timed([&] { module.emplace(trapeze::Module::load(engine, file)); });
  };
  const double first = once();
  double least = first;
  for (int i = 0; i < repetitions; ++i)
    least = std::min(least, once());
  report(report_path, "first", first, "load", least);
}

} // namespace

int main(int argc, char **argv) try {
  if (argc == 5 && std::strcmp(argv[1], "save") == 0)
    save(argv[2], argv[3], argv[4]);
  else if (argc == 4 && std::strcmp(argv[1], "load") == 0)
    load(argv[2], argv[3]);
  else
    throw std::runtime_error("artifact save MODULE FILE REPORT | load FILE REPORT");
} catch (const std::exception &fault) {
  std::fprintf(stderr, "artifact: %s\n", fault.what());
  return 1;
}
