// Modules: input -> wasm::Module -> code image -> published code.
#include "api/convert.hh"
#include "api/source.hh"
#include "validate/validate.hh"

namespace trapeze::v1 {

namespace {

Module compiled(const Engine &engine, const api::Source &source) {
  auto module = std::make_shared<const wasm::Module>(source.decode(engine.impl()));
  image::CodeImage image = source.unwrap(compile::module(*module, engine.impl().compile_options()));
  auto impl = std::make_shared<detail::ModuleImpl>(detail::ModuleImpl{engine, source.name(), nullptr});
  if (impl->name.empty())
    impl->name = module->names.module;
  impl->code = source.unwrap(runtime::Code::load(engine.impl().engine, module, std::move(image)));
  return Module(std::move(impl));
}

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

Module Module::from_binary(const Engine &engine, std::span<const std::uint8_t> bytes, std::string_view name) {
  if (!api::Source::is_binary(bytes)) {
    SourceLocation where;
    where.input = name;
    throw Error(ErrorKind::Malformed, "magic header not detected", std::move(where));
  }
  return compiled(engine, api::Source(engine.impl(), bytes, name));
}

Module Module::from_text(const Engine &engine, std::string_view source, std::string_view name) {
  return compiled(engine, api::Source::text(engine.impl(), source, name));
}

Module Module::from_bytes(const Engine &engine, std::span<const std::uint8_t> input, std::string_view name) {
  return compiled(engine, api::Source(engine.impl(), input, name));
}

Module Module::from_file(const Engine &engine, const std::string &path) {
  std::vector<u8> input = api::read_file(path);
  return compiled(engine, api::Source(engine.impl(), input, path == "-" ? "<stdin>" : path));
}

void Module::validate(const Engine &engine, std::span<const std::uint8_t> input, std::string_view name) {
  api::Source source(engine.impl(), input, name);
  source.unwrap(validate::everything(source.decode(engine.impl()), engine.impl().features));
}

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
