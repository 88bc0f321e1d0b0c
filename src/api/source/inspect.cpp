#include "api/source/inspect.hh"

#include "api/source/source.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace trapeze::api {

namespace {

// In the order of compile::Stage.
constexpr std::string_view stages[] = {"validate", "translate", "opt", "lower", "regalloc", "emit"};
static_assert(std::size(stages) == static_cast<usize>(compile::Stage::Emit) + 1);

double milliseconds(u64 nanoseconds) { return static_cast<double>(nanoseconds) / 1e6; }

/// Rows are called "group/pass"; groups in the order in which they begin.
std::string table_of(std::span<const base::Laps::Row> rows, u64 body_bytes, u64 code_bytes) {
  struct Group {
    std::string_view name;
    u64 nanoseconds = 0;
    std::vector<base::Laps::Row> passes;
  };
  std::vector<Group> groups;
  u64 total = 0;
  for (const base::Laps::Row &row : rows) {
    const std::string_view name = row.pass.substr(0, row.pass.find('/'));
    auto group = std::ranges::find(groups, name, &Group::name);
    if (group == groups.end())
      group = groups.insert(groups.end(), Group{name, 0, {}});
    group->nanoseconds += row.nanoseconds;
    group->passes.push_back({row.pass.substr(name.size() + 1), row.nanoseconds});
    total += row.nanoseconds;
  }
  auto line = [&](std::string_view indent, std::string_view name, u64 nanoseconds) {
    return fmt::format("{:>10.2f} ms {:>5.1f} %  {}{}\n", milliseconds(nanoseconds),
                       100.0 * static_cast<double>(nanoseconds) / static_cast<double>(std::max<u64>(total, 1)), indent,
                       name);
  };
  std::string text;
  for (const Group &group : groups) {
    text += line("", group.name, group.nanoseconds);
    for (const base::Laps::Row &pass : group.passes)
      text += line("  ", pass.pass, pass.nanoseconds);
  }
  return text + line("", "total", total) +
         fmt::format("{} bytes of function bodies, {} bytes of code, {:.1f} MB of bodies a second\n", body_bytes,
                     code_bytes, static_cast<double>(body_bytes) / 1e3 / std::max(milliseconds(total), 1e-6));
}

} // namespace

std::span<const std::string_view> stage_names() { return stages; }

std::string dump(const v1::Engine &engine, std::span<const u8> input, std::string_view name, std::string_view stage) {
  const auto *found = std::ranges::find(stages, stage);
  if (found == std::end(stages))
    wrong_use(fmt::format("unknown stage `{}`; stages are {}", stage, fmt::join(stages, ", ")));
  Source source(engine.impl(), input, name);
  wasm::Module module = source.decode(engine.impl());
  return source.unwrap(
      compile::dump(module, compile_options(engine.impl()), static_cast<compile::Stage>(found - std::begin(stages))));
}

std::string time_passes(const v1::Engine &engine, std::span<const u8> input, std::string_view name) {
  base::Laps laps;
  laps.start();
  Source source(engine.impl(), input, name);
  wasm::Module module = source.decode(engine.impl());
  laps.lap("read/decode");
  compile::Options options = compile_options(engine.impl());
  options.laps = &laps;
  image::CodeImage image = source.unwrap(compile::module(module, options));
  u64 bodies = 0;
  for (const wasm::Func &f : module.funcs)
    bodies += f.body.bytes.size();
  return table_of(laps.rows(), bodies, image.code.size());
}

namespace {

/// show(module, image) of a saved module, whose content must be intact, or of one that is compiled for it.
template <typename Show>
std::string shown(const v1::Engine &engine, std::span<const u8> input, std::string_view name, Show &&show) {
  if (v1::Module::is_saved(input)) {
    v1::Module saved = v1::Module::load(engine, input, {.verify = true, .name = name});
    return show(saved.impl().code->module(), saved.impl().code->image());
  }
  Source source(engine.impl(), input, name);
  wasm::Module module = source.decode(engine.impl());
  const image::CodeImage image = source.unwrap(compile::module(module, compile_options(engine.impl())));
  return show(module, image.view());
}

} // namespace

std::string disassemble(const v1::Engine &engine, std::span<const u8> input, std::string_view name) {
  return shown(engine, input, name, compile::disassemble);
}

std::string list_unwind_tables(const v1::Engine &engine, std::span<const u8> input, std::string_view name) {
  return shown(engine, input, name, compile::list_unwind_tables);
}

std::string print(const v1::Engine &engine, std::span<const u8> input, std::string_view name) {
  Source source(engine.impl(), input, name);
  return text::print(source.decode(engine.impl()));
}

std::vector<u8> assemble(const v1::Engine &engine, std::span<const u8> input, std::string_view name) {
  return *Source(engine.impl(), input, name).bytes();
}

} // namespace trapeze::api
