// `trapeze cache`: the folder in which `trapeze run` keeps what it has compiled.
#include "cache/cache.hh"
#include "cli/commands.hh"

#include <CLI/CLI.hpp>
#include <fmt/chrono.h>

#include <chrono>
#include <cstdio>
#include <ctime>

namespace trapeze::cli {

namespace {

cache::Cache the_cache() {
  const std::filesystem::path folder = cache::default_folder();
  if (folder.empty())
    throw v1::Error(v1::ErrorKind::Usage,
                    "there is no cache: TRAPEZE_CACHE is `off`, or neither it nor XDG_CACHE_HOME nor HOME is set");
  return cache::Cache(folder);
}

double megabytes(std::uint64_t bytes) { return static_cast<double>(bytes) / 1e6; }

void list(const cache::Cache &cache) {
  std::uint64_t sum = 0;
  const std::vector<cache::Cache::Entry> entries = cache.entries();
  for (const cache::Cache::Entry &entry : entries) {
    const std::time_t when =
        std::chrono::system_clock::to_time_t(std::chrono::time_point_cast<std::chrono::system_clock::duration>(
            std::chrono::file_clock::to_sys(entry.last_used)));
    fmt::print("{}  {:>9.2f} MB  {:%Y-%m-%d %H:%M:%S}\n", entry.key, megabytes(entry.bytes), *std::localtime(&when));
    sum += entry.bytes;
  }
  fmt::print("{} modules, {:.2f} MB\n", entries.size(), megabytes(sum));
}

} // namespace

void add_cache(CLI::App &app, int &status) {
  auto *command = app.add_subcommand("cache", "The folder in which `run` keeps what it has compiled");
  command->require_subcommand(1);
  command->add_subcommand("path", "Print where it is")->callback([&status] {
    fmt::print("{}\n", the_cache().folder().native());
    status = Success;
  });
  command->add_subcommand("list", "Show its modules, the one used last first")->callback([&status] {
    list(the_cache());
    status = Success;
  });
  command->add_subcommand("clean", "Remove them")->callback([&status] {
    fmt::print("{:.2f} MB removed\n", megabytes(the_cache().clean()));
    status = Success;
  });
}

} // namespace trapeze::cli
