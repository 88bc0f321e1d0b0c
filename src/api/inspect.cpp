#include "api/inspect.hh"

#include "api/source.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace trapeze::api {

namespace {

// In the order of compile::Stage.
constexpr std::string_view stages[] = {"validate", "translate", "opt", "lower", "regalloc", "emit"};
static_assert(std::size(stages) == static_cast<usize>(compile::Stage::Emit) + 1);

} // namespace

std::span<const std::string_view> stage_names() { return stages; }

std::string dump(const v1::Engine &engine, std::span<const u8> input, std::string_view name, std::string_view stage) {
  const auto *found = std::ranges::find(stages, stage);
  if (found == std::end(stages))
    wrong_use(fmt::format("unknown stage `{}`; stages are {}", stage, fmt::join(stages, ", ")));
  Source source(engine.impl(), input, name);
  wasm::Module module = source.decode(engine.impl());
  return source.unwrap(
      compile::dump(module, engine.impl().compile_options(), static_cast<compile::Stage>(found - std::begin(stages))));
}

std::string disassemble(const v1::Engine &engine, std::span<const u8> input, std::string_view name) {
  Source source(engine.impl(), input, name);
  wasm::Module module = source.decode(engine.impl());
  return compile::disassemble(module, source.unwrap(compile::module(module, engine.impl().compile_options())));
}

std::string list_unwind_tables(const v1::Engine &engine, std::span<const u8> input, std::string_view name) {
  Source source(engine.impl(), input, name);
  wasm::Module module = source.decode(engine.impl());
  return compile::list_unwind_tables(module, source.unwrap(compile::module(module, engine.impl().compile_options())));
}

std::string print(const v1::Engine &engine, std::span<const u8> input, std::string_view name) {
  Source source(engine.impl(), input, name);
  return text::print(source.decode(engine.impl()));
}

} // namespace trapeze::api
