// features.def as a table, and its look-up by flag name.
#include "wasm/features.hh"

#include <fmt/format.h>

namespace trapeze::wasm {

namespace {

constexpr FeatureRow rows[] = {
#define FEATURE(id, flag, title, on) {flag, title, on},
#include "wasm/features.def"
};

} // namespace

const FeatureRow &row(Feature feature) { return rows[static_cast<u32>(feature)]; }

std::optional<Feature> find_feature(std::string_view flag) {
  for (u32 i = 0; i < feature_count; ++i)
    if (flag == rows[i].flag)
      return static_cast<Feature>(i);
  return std::nullopt;
}

std::string disabled_message(Feature feature) {
  return fmt::format("{} is disabled (--enable={})", row(feature).title, row(feature).flag);
}

Features::Features() {
  for (u32 i = 0; i < feature_count; ++i)
    set(static_cast<Feature>(i), rows[i].on_by_default);
}

} // namespace trapeze::wasm
