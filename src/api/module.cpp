// What a module has to offer, however it came about: api/source compiles one, api/artifact loads one.
#include "api/convert.hh"

namespace trapeze::v1 {

namespace {

ExternType type_of(const runtime::Code &code, wasm::ExternKind kind, u32 index) {
  const wasm::Module &m = code.module();
  auto to_engine = [&](wasm::ValType t) { return code.to_engine(t); };
  switch (kind) {
  case wasm::ExternKind::Func:
    return api::to_public(code.func_type(index)->type.func);
  case wasm::ExternKind::Table: {
    wasm::TableType type = m.tables[index].type;
    type.element = to_engine(type.element);
    return api::to_public(type);
  }
  case wasm::ExternKind::Memory:
    return api::to_public(m.memories[index].type);
  case wasm::ExternKind::Global: {
    wasm::GlobalType type = m.globals[index].type;
    type.type = to_engine(type.type);
    return api::to_public(type);
  }
  case wasm::ExternKind::Tag:
    break;
  }
  return TagType{api::to_public(code.type_entry(m.tags[index].type)->type.func.params)};
}

} // namespace

const std::string &Module::name() const { return impl_->name; }

std::vector<ImportType> Module::imports() const {
  std::vector<ImportType> out;
  for (const wasm::Import &i : impl_->code->module().imports)
    out.push_back({std::string(i.module), std::string(i.name), type_of(*impl_->code, i.kind, i.index)});
  return out;
}

std::vector<ExportType> Module::exports() const {
  std::vector<ExportType> out;
  for (const wasm::Export &e : impl_->code->module().exports)
    out.push_back({std::string(e.name), type_of(*impl_->code, e.kind, e.index)});
  return out;
}

bool Module::has_start() const { return impl_->code->module().has_start; }

std::vector<std::span<const std::uint8_t>> Module::custom_sections(std::string_view name) const {
  std::vector<std::span<const std::uint8_t>> out;
  for (const wasm::CustomSection &section : impl_->code->module().customs)
    if (section.name == name)
      out.push_back(section.bytes);
  return out;
}

} // namespace trapeze::v1
