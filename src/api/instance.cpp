// Instances.
#include "api/convert.hh"

#include <fmt/format.h>

namespace trapeze::v1 {

Instance::Instance(Store &store, const Module &module, std::span<const Extern> imports) : store_(&store.impl()) {
  std::vector<runtime::Extern> raw;
  for (const Extern &e : imports)
    raw.push_back(api::to_runtime(e));
  const std::shared_ptr<const runtime::Code> &code = module.impl().code;
  if (raw.size() != code->module().imports.size())
    api::wrong_use(fmt::format("the module has {} imports, {} were given", code->module().imports.size(), raw.size()));
  // Known before it runs: a start function that ends badly wants names in its backtrace.
  store_->modules.try_emplace(code.get(), module.shared());
  runtime::Instantiation result = api::unwrap(runtime::instantiate(*store_->store, code, raw), module.name());
  if (!result.outcome.is_ok())
    api::raise(*store_, std::move(result.outcome));
  instance_ = result.instance;
}

namespace {

runtime::Instance *object(const Instance &instance) {
  if (!instance)
    api::wrong_use("null instance");
  return api::raw(instance);
}

template <typename T> T required(const Instance &instance, std::string_view name, T found, const char *kind) {
  if (found)
    return found;
  std::string known;
  for (const auto &[other, what] : instance.exports())
    if (std::string_view(to_string(what.kind())) == kind)
      known += fmt::format("{}`{}`", known.empty() ? "" : ", ", other);
  api::wrong_use(
      fmt::format("no exported {} `{}`; {}", kind, name, known.empty() ? "there is none" : "there are: " + known));
}

} // namespace

Extern Instance::find(std::string_view name) const {
  std::optional<runtime::Extern> found = object(*this)->find_export(name);
  return found ? api::to_public(*store_, *found) : Extern();
}

std::vector<std::pair<std::string, Extern>> Instance::exports() const {
  runtime::Instance *instance = object(*this);
  std::vector<std::pair<std::string, Extern>> out;
  const std::vector<wasm::Export> &exports = instance->module().exports;
  for (u32 i = 0; i < exports.size(); ++i)
    out.emplace_back(std::string(exports[i].name), api::to_public(*store_, instance->export_at(i)));
  return out;
}

Func Instance::func(std::string_view name) const { return required(*this, name, find(name).func(), "func"); }
Memory Instance::memory(std::string_view name) const { return required(*this, name, find(name).memory(), "memory"); }
Table Instance::table(std::string_view name) const { return required(*this, name, find(name).table(), "table"); }
Global Instance::global(std::string_view name) const { return required(*this, name, find(name).global(), "global"); }
Tag Instance::tag(std::string_view name) const { return required(*this, name, find(name).tag(), "tag"); }
Module Instance::module() const { return Module(store_->modules.at(&object(*this)->code())); }

ExternType Extern::type() const {
  switch (kind()) {
  case ExternKind::Func:
    return func().type();
  case ExternKind::Table:
    return table().type();
  case ExternKind::Memory:
    return memory().type();
  case ExternKind::Global:
    return global().type();
  case ExternKind::Tag:
    break;
  }
  return tag().type();
}

} // namespace trapeze::v1
