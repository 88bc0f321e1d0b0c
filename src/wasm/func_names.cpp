#include "wasm/func_names.hh"

#include "base/readable.hh"

namespace trapeze::wasm {

std::string_view find_func_name(const Module &m, u32 func) {
  if (std::string_view name = m.names.funcs().find(func); !name.empty())
    return name;
  for (const Export &e : m.exports)
    if (e.kind == ExternKind::Func && e.index == func)
      return e.name;
  for (const Import &import : m.imports)
    if (import.kind == ExternKind::Func && import.index == func)
      return import.name;
  return {};
}

FuncNames::FuncNames(const Module &m) : names_(m.funcs.size()) {
  for (const Import &import : m.imports)
    if (import.kind == ExternKind::Func)
      names_[import.index] = import.name;
  for (auto e = m.exports.rbegin(); e != m.exports.rend(); ++e) // the first export of a function wins
    if (e->kind == ExternKind::Func)
      names_[e->index] = e->name;
  for (auto [func, name] : m.names.funcs().entries)
    if (func < names_.size() && !name.empty())
      names_[func] = name;
}

std::string FuncNames::operator[](u32 func) const {
  return names_[func].empty() ? "func[" + std::to_string(func) + "]" : base::demangled(names_[func]);
}

} // namespace trapeze::wasm
