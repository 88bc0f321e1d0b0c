// What people call a module's functions: the name section's word, else an export's, else an import's, else none.
#pragma once

#include "wasm/module.hh"

namespace trapeze::wasm {

/// Of one function, by a search through the sections; empty: nobody calls it anything.
std::string_view find_func_name(const Module &m, u32 func);

/// For listings and reports of many functions: one pass over the module's sections, then one look-up per function.
class FuncNames {
public:
  explicit FuncNames(const Module &m);
  /// As the module has it (mangled, any characters); empty: nobody calls it anything.
  std::string_view raw(u32 func) const { return names_[func]; }
  /// Readable on one line, C++ names demangled; `func[7]` for one without a name.
  std::string operator[](u32 func) const;

private:
  std::vector<std::string_view> names_;
};

} // namespace trapeze::wasm
