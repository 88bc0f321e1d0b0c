// Configuration and engines.
#include "abi/cpu.hh"
#include "api/impl.hh"

#include <fmt/format.h>

namespace trapeze::v1 {

std::string_view version() { return "0.1.0"; }

std::span<const FeatureInfo> features() {
  static const auto rows = [] {
    std::array<FeatureInfo, wasm::feature_count> rows;
    for (u32 i = 0; i < wasm::feature_count; ++i) {
      const wasm::FeatureRow &row = wasm::row(static_cast<wasm::Feature>(i));
      rows[i] = {row.flag, row.title, row.on_by_default};
    }
    return rows;
  }();
  return rows;
}

namespace {

u64 with_features(u64 bits, std::string_view names, bool on) {
  while (!names.empty()) {
    usize comma = names.find(',');
    std::string_view name = names.substr(0, comma);
    names = comma == std::string_view::npos ? std::string_view() : names.substr(comma + 1);
    std::optional<wasm::Feature> feature = wasm::find_feature(name);
    if (!feature) {
      std::string known;
      for (const FeatureInfo &info : features())
        known += fmt::format("{}{}", known.empty() ? "" : ", ", info.name);
      api::wrong_use(fmt::format("unknown feature `{}`; known are: {}", name, known));
    }
    u64 bit = u64{1} << static_cast<u32>(*feature);
    bits = on ? bits | bit : bits & ~bit;
  }
  return bits;
}

} // namespace

Config::Config() { values_.features = wasm::Features().bits(); }

Config &Config::enable(std::string_view names) {
  values_.features = with_features(values_.features, names, true);
  return *this;
}

Config &Config::disable(std::string_view names) {
  values_.features = with_features(values_.features, names, false);
  return *this;
}

Config &Config::stack_size(std::size_t bytes) {
  values_.stack_size = bytes;
  return *this;
}

Config &Config::threads(std::uint32_t count) {
  values_.threads = count;
  return *this;
}

Config &Config::interruptible_loops(bool on) {
  values_.interruptible_loops = on;
  return *this;
}

Config &Config::verify(bool on) {
  values_.verify = on;
  return *this;
}

Config &Config::optimize(unsigned level) {
  if (level > 3)
    api::wrong_use(fmt::format("optimisation level {} is not 0, 1, 2 or 3", level));
  values_.opt_level = static_cast<u8>(level);
  values_.for_size = false;
  return *this;
}

Config &Config::optimize_for_size() {
  values_.opt_level = 2;
  values_.for_size = true;
  return *this;
}

Config &Config::progress(std::shared_ptr<CompileProgress> watched) {
  values_.progress = std::move(watched);
  return *this;
}

Config &Config::cpu(Cpu which) {
  values_.cpu = which;
  return *this;
}

Config &Config::unwinder(Unwinder which) {
  values_.unwinder = which;
  return *this;
}

Config &Config::debug_info(bool on) {
  values_.debug_info = on;
  return *this;
}

Config &Config::profile(Profile which) {
  values_.profile = which;
  return *this;
}

Engine::Engine(const Config &config) : impl_(api::make_engine(config.values(), abi::check_machine())) {}

const Config::Values &Engine::config() const { return impl_->config; }

} // namespace trapeze::v1

namespace trapeze::api {

std::shared_ptr<EngineImpl> make_engine(const v1::Config::Values &config, const Result<void> &machine) {
  if (!machine) // nobody's input is wrong: no place
    throw v1::Error(v1::ErrorKind::Unsupported, machine.error().message);
  auto impl = std::make_shared<EngineImpl>();
  impl->config = config;
  for (u32 i = 0; i < wasm::feature_count; ++i)
    impl->features.set(static_cast<wasm::Feature>(i), config.features >> i & 1);
  impl->engine = unwrap(runtime::Engine::create(config.unwinder == v1::Unwinder::System));
  if (config.debug_info)
    impl->engine->tell_debugger();
  if (config.profile == v1::Profile::PerfMap)
    unwrap(impl->engine->write_perf_map());
  return impl;
}

} // namespace trapeze::api
