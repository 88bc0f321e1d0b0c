// Linking by name.
#include "api/convert.hh"

#include <fmt/format.h>

#include <map>

namespace trapeze::v1 {

struct Linker::Impl {
  std::map<std::string, std::map<std::string, Extern, std::less<>>, std::less<>> modules;
  UnknownImports policy = UnknownImports::Error;
};

Linker::Linker(Store &store) : store_(&store), impl_(std::make_shared<Impl>()) {}

Linker &Linker::define(std::string_view module, std::string_view name, Extern what) {
  impl_->modules[std::string(module)][std::string(name)] = what;
  return *this;
}

Linker &Linker::instance(std::string_view module, const Instance &instance) {
  for (auto &[name, what] : instance.exports())
    define(module, name, what);
  return *this;
}

Linker &Linker::unknown_imports(UnknownImports policy) {
  impl_->policy = policy;
  return *this;
}

Extern Linker::find(std::string_view module, std::string_view name) const {
  auto names = impl_->modules.find(module);
  if (names == impl_->modules.end())
    return {};
  auto found = names->second.find(name);
  return found == names->second.end() ? Extern() : found->second;
}

namespace {

std::string in_words(const ImportType &import) {
  std::string type = to_string(import.kind());
  if (const auto *func = std::get_if<FuncType>(&import.type))
    type += " " + to_string(*func);
  if (const auto *global = std::get_if<GlobalType>(&import.type))
    type += fmt::format(" {}{}", global->is_mutable ? "mut " : "", to_string(global->type));
  return fmt::format("`{}.{}` ({})", import.module, import.name, type);
}

Val zero_of(const ImportType &import, ValType type) {
  if (type.is_ref() && !type.nullable)
    throw Error(ErrorKind::Unlinkable, fmt::format("unknown import: {}, for which there is no zero", in_words(import)));
  return Val::default_of(type);
}

/// A stand-in for an import nobody defined.
struct StandIn {
  Store &store;
  const ImportType &import;
  UnknownImports policy;

  Extern operator()(const FuncType &type) const {
    if (policy == UnknownImports::Trap) {
      std::string message = fmt::format("call of the unknown import {}", in_words(import));
      return Func(store, type, [message](Caller &, std::span<const Val>, std::span<Val>) { throw Trap(message); });
    }
    for (ValType t : type.results)
      zero_of(import, t);
    return Func(store, type, [](Caller &, std::span<const Val>, std::span<Val>) {});
  }
  Extern operator()(const TableType &type) const { return Table(store, type, zero_of(import, type.element)); }
  Extern operator()(const MemoryType &type) const { return Memory(store, type); }
  Extern operator()(const GlobalType &type) const { return Global(store, type, zero_of(import, type.type)); }
  Extern operator()(const TagType &type) const { return Tag(store, type.fields); }
};

} // namespace

Instance Linker::instantiate(const Module &module) {
  std::vector<ImportType> wanted = module.imports();
  std::vector<Extern> imports;
  std::string unknown;
  for (const ImportType &import : wanted) {
    Extern found = find(import.module, import.name);
    if (!found && impl_->policy == UnknownImports::Error)
      unknown += fmt::format("{}{}", unknown.empty() ? "" : ", ", in_words(import));
    if (!found && impl_->policy != UnknownImports::Error)
      found = std::visit(StandIn{*store_, import, impl_->policy}, import.type);
    imports.push_back(found);
  }
  if (!unknown.empty())
    throw Error(ErrorKind::Unlinkable, "unknown import: " + unknown);
  return Instance(*store_, module, imports);
}

} // namespace trapeze::v1
