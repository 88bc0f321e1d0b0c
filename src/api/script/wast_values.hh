// Arguments and expected results of scripts, as the engine's values; and the module `spectest` that scripts import.
#pragma once

#include "text/script.hh"
#include "trapeze/trapeze.hh"

#include <map>
#include <optional>
#include <string>

namespace trapeze::api {

/// Host references by the number a script gives them: equal numbers are one object.
class ScriptRefs {
public:
  explicit ScriptRefs(v1::Store &store) : store_(store) {}
  v1::ExternRef extern_ref(u64 number);
  static std::optional<u64> number_of(const v1::ExternRef &ref);

private:
  v1::Store &store_;
  std::map<u64, v1::ExternRef> externs_;
};

/// Nothing if the engine cannot make such a value yet. `type` is the parameter's.
std::optional<v1::Val> script_argument(const text::ScriptValue &value, v1::ValType type, ScriptRefs &refs);

bool matches_script(const text::ScriptValue &expected, const v1::Val &actual);
std::string to_string(const text::ScriptValue &expected);

/// The exports of `spectest`.
std::map<std::string, v1::Extern, std::less<>> make_spectest(v1::Store &store);

} // namespace trapeze::api
