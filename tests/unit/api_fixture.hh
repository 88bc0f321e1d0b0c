// What most of the API's tests start from: one engine for the whole program, and modules as text.
#pragma once

#include "api_unwinder.hh"

namespace trapeze::test {

inline Engine &engine() {
  static Engine e(config());
  return e;
}

inline Module module(std::string_view text) { return Module::from_text(engine(), text, "test.wat"); }

} // namespace trapeze::test
