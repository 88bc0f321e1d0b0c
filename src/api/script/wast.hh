// Runs .wast scripts against the engine. Spec: the reference interpreter's scripts (text/script.hh).
//
// Modules are decoded and validated first, and only then compiled and instantiated: a script whose modules need
// code the engine cannot generate yet still has all its assert_invalid and assert_malformed checked. What depends
// on such a module is skipped, not failed.
#pragma once

#include "trapeze/trapeze.hh"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace trapeze::api {

struct WastOptions {
  /// Instead of running: each valid module is printed, parsed and printed again, and counts as one assertion.
  bool roundtrip = false;
  /// Makes a module of the script: from its binary, valid form, or from what was made of it before; `number` counts the
  /// script's modules from 0. Whoever gives it decides whether a compiler is needed. Not called for roundtrips.
  std::function<v1::Module(const v1::Engine &engine, std::span<const std::uint8_t> binary, std::string_view name,
                           std::uint32_t number)>
      make_module = {};
};

struct WastReport {
  std::uint64_t passed = 0, failed = 0, skipped = 0; ///< assertions, and other commands that failed or were skipped
  std::string lines; ///< a line per failure: `FILE:LINE: assert_return: expected i32:1, got i32:2`

  bool is_clean() const { return failed == 0 && skipped == 0; }
  /// `N passed, M failed, K skipped`.
  std::string counts() const;
  void add(const WastReport &other); ///< counts only
};

/// `file` is what lines call the script. Never throws for what a script does.
WastReport run_wast(const v1::Engine &engine, std::string_view source, std::string_view file,
                    const WastOptions &options = {});

} // namespace trapeze::api
