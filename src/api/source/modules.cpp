// Modules from source: input -> wasm::Module -> code image -> published code.
#include "abi/abi_hash.hh"
#include "abi/cpu.hh"
#include "api/source/inspect.hh"
#include "api/source/source.hh"
#include "validate/validate.hh"

#include <fmt/format.h>

namespace trapeze::v1 {

namespace {

Module compiled(const Engine &engine, const api::Source &source) {
  const detail::EngineImpl &e = engine.impl();
  auto module = std::make_shared<const wasm::Module>(source.decode(e));
  image::CodeImage image = source.unwrap(compile::module(*module, api::compile_options(e)));
  auto impl = std::make_shared<detail::ModuleImpl>(detail::ModuleImpl{engine, source.name(), nullptr, {}, {}});
  if (impl->name.empty())
    impl->name = module->names.module();
  impl->settings = api::artifact_settings(e);
  impl->code = source.unwrap(runtime::Code::load(e.engine, module, std::move(image)));
  return Module(std::move(impl));
}

} // namespace

Module Module::from_binary(const Engine &engine, std::span<const std::uint8_t> bytes, std::string_view name) {
  if (!api::Source::is_binary(bytes)) {
    SourceLocation where;
    where.input = name;
    throw Error(ErrorKind::Malformed, "magic header not detected", std::move(where));
  }
  return compiled(engine, api::Source(engine.impl(), bytes, name));
}

Module Module::from_text(const Engine &engine, std::string_view source, std::string_view name) {
  return compiled(engine, api::Source::text(engine.impl(), source, name));
}

Module Module::from_bytes(const Engine &engine, std::span<const std::uint8_t> input, std::string_view name) {
  return compiled(engine, api::Source(engine.impl(), input, name));
}

Module Module::from_file(const Engine &engine, const std::string &path) {
  std::vector<u8> input = api::read_file(path);
  return compiled(engine, api::Source(engine.impl(), input, path == "-" ? "<stdin>" : path));
}

void Module::validate(const Engine &engine, std::span<const std::uint8_t> input, std::string_view name) {
  api::Source source(engine.impl(), input, name);
  source.unwrap(validate::everything(source.decode(engine.impl()), engine.impl().features));
}

} // namespace trapeze::v1

namespace trapeze::api {

image::ArtifactSettings artifact_settings(const EngineImpl &engine) {
  return {engine.features.bits(), engine.config.opt_level, engine.config.for_size, engine.config.interruptible_loops};
}

std::string compile_circumstances(const v1::Engine &engine) {
  const image::ArtifactSettings settings = artifact_settings(engine.impl());
  return fmt::format("{} format {} abi {:x} machine {} cpu {:x} features {:x} level {} size {} polls {}", v1::version(),
                     image::artifact_format, abi::abi_hash(), abi::machine(),
                     compile_options(engine.impl()).settings.cpu, settings.features, settings.opt_level,
                     settings.for_size, settings.polls);
}

compile::Options compile_options(const EngineImpl &engine) {
  compile::Options options;
  options.features = engine.features;
  options.settings.verify = engine.config.verify;
  options.settings.opt_level = engine.config.opt_level;
  options.settings.for_size = engine.config.for_size;
  options.settings.cpu = engine.config.cpu == v1::Cpu::Native ? compile::native_cpu() : 0;
  options.threads = engine.config.threads;
  options.polls = engine.config.interruptible_loops;
  if (v1::CompileProgress *progress = engine.config.progress.get()) {
    options.functions_done = &progress->done;
    options.functions_total = &progress->total;
  }
  return options;
}

} // namespace trapeze::api
