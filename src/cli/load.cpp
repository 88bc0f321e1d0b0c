// `trapeze run`: a compiled module is told by its first bytes; anything else is compiled. With a key nothing else runs.
//
// Binaries are compiled once: the result goes to the cache (cache/cache.hh). Text is compiled each time, since its
// errors and backtraces name lines. What the cache gives is checked whole before it runs, so that no fault of the disk
// does; what fails the check is compiled again. A cache that cannot be written costs one warning, never the run.
#include "cli/load.hh"
#include "api/source/inspect.hh"
#include "cache/cache.hh"
#include "cli/progress.hh"

#include <fmt/format.h>

#include <cstdio>

namespace trapeze::cli {

namespace {

std::optional<Module> cached(const Engine &engine, const cache::Cache &cache, const std::string &key,
                             const std::string &name) {
  const std::optional<std::filesystem::path> path = cache.find(key);
  if (!path)
    return std::nullopt;
  try {
    return Module::load(engine, path->native(), {.key = {}, .verify = true, .name = name});
  } catch (const v1::Error &) {
    cache.drop(key);
    return std::nullopt;
  }
}

Module compile(const Engine &engine, std::span<const std::uint8_t> input, const std::string &name) {
  const ProgressLine line(*engine.config().progress);
  return Module::from_bytes(engine, input, name);
}

/// The same engine version built anew may compile otherwise.
std::string build_of_this_program() {
  std::error_code unknown;
  return fmt::format("program {}",
                     std::filesystem::last_write_time("/proc/self/exe", unknown).time_since_epoch().count());
}

bool is_binary(std::span<const std::uint8_t> input) { return input.empty() || input.front() == 0; }

std::string circumstances(const Engine &engine) { return api::compile_circumstances(engine) + build_of_this_program(); }

/// What is compiled is what its key was made of, whatever has happened to the file.
Module compile_into(const Engine &engine, const cache::Cache &cache, std::span<const std::uint8_t> input,
                    const std::string &name) {
  const std::string key = cache::key_of(input, circumstances(engine));
  if (std::optional<Module> module = cached(engine, cache, key, name))
    return *module;
  Module module = compile(engine, input, name);
  if (base::Result<void> put = cache.put(key, module.save()); !put)
    fmt::print(stderr, "warning: the compiled module is not kept for the next run: {}\n", put.error().message);
  return module;
}

} // namespace

const char *const run_usage = "trapeze run";

Module load_module(const Engine &engine, const std::string &file, const LoadChecks &checks) {
  if (is_saved_file(file))
    return load_saved(engine, file, checks);
  if (!checks.key.empty())
    throw v1::Error(v1::ErrorKind::Unsupported, file + ": not a compiled module, and --key allows sealed ones only");
  const bool checks_compiler = checks.verify; // which then has to run
  const cache::Cache cache(checks.use_cache && !checks_compiler ? cache::default_folder() : "");
  const bool uses_cache = !cache.folder().empty();
  if (uses_cache && file != "-")
    if (const auto key = cache::key_of_file(file, circumstances(engine)))
      if (std::optional<Module> module = cached(engine, cache, *key, file))
        return *module;
  const std::vector<std::uint8_t> input = api::read_file(file);
  const std::string name = file == "-" ? "<stdin>" : file;
  return uses_cache && is_binary(input) ? compile_into(engine, cache, input, name) : compile(engine, input, name);
}

} // namespace trapeze::cli
