// Which proposals are on: run-time data (HOUSE rule 9), from features.def.
#pragma once

#include "base/types.hh"

#include <optional>
#include <string>
#include <string_view>

namespace trapeze::wasm {

enum class Feature : u8 {
#define FEATURE(id, flag, title, on) id,
#include "wasm/features.def"
};

inline constexpr u32 feature_count = 0
#define FEATURE(id, flag, title, on) +1
#include "wasm/features.def"
    ;

struct FeatureRow {
  const char *flag, *title;
  bool on_by_default;
};
const FeatureRow &row(Feature feature);
std::optional<Feature> find_feature(std::string_view flag);
/// `exception handling with exnref is disabled (--enable=exceptions)`: the one text for whatever is refused for a
/// feature.
std::string disabled_message(Feature feature);

class Features {
public:
  /// The defaults of features.def.
  Features();
  bool has(Feature f) const { return bits_ >> static_cast<u32>(f) & 1; }
  void set(Feature f, bool on) { bits_ = (bits_ & ~(u64{1} << static_cast<u32>(f))) | u64{on} << static_cast<u32>(f); }
  u64 bits() const { return bits_; }
  bool operator==(const Features &) const = default;

private:
  u64 bits_ = 0;
};

} // namespace trapeze::wasm
