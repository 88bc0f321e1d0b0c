// Compiled modules on their way into files and back.
//
// Loading checks the file from the outside in (image/artifact), decodes and validates what the module declares, and
// maps the code. With a key the file is read into memory first: what was checked is then what runs, whatever happens to
// the file.
#include "api/artifact.hh"

#include "abi/cpu.hh"
#include "abi/vmctx.hh"
#include "api/impl.hh"
#include "base/readable.hh"
#include "decode/decode.hh"
#include "os/file.hh"
#include "validate/validate.hh"
#include "wasm/func_names.hh"

#include <fmt/format.h>

namespace trapeze::v1 {

namespace {

using image::Artifact;

[[noreturn]] void refuse(const base::Error &error, std::string_view name) {
  throw Error(static_cast<ErrorKind>(error.kind),
              name.empty() ? error.message : std::string(name) + ": " + error.message);
}

template <typename T> T accept(base::Result<T> result, std::string_view name) {
  if (!result)
    refuse(result.error(), name);
  if constexpr (!std::is_void_v<T>)
    return std::move(*result);
}

wasm::Features features_of(u64 bits) {
  wasm::Features out;
  for (u32 i = 0; i < wasm::feature_count; ++i)
    out.set(static_cast<wasm::Feature>(i), bits >> i & 1);
  return out;
}

/// What the module declares, decoded and valid, and as many functions as there is code for.
base::Result<wasm::Module> structure_of(const Artifact &artifact) {
  const wasm::Features features = features_of(artifact.header->settings.features);
  wasm::Module module =
      TRY_VALUE(decode::structure(artifact.module_front, artifact.module_rest, artifact.rest_offset, features));
  TRY(validate::module(module, features));
  if (module.funcs.size() - module.imported_funcs != artifact.program.image.functions.size())
    return base::fail(base::ErrorKind::Malformed, 0,
                      "the compiled module is damaged: its functions are not the module's");
  return module;
}

/// An artifact that has been opened, with its placing; `options.name` or the module's own.
Module loaded(const Engine &engine, Artifact artifact, const LoadOptions &options) {
  const std::string_view name = options.name;
  if (options.verify || !options.key.empty()) // the seal does not cover the hash
    accept(image::verify_content(artifact), name);
  if (!options.key.empty())
    accept(image::check_seal(artifact, options.key), name);
  const image::ArtifactSettings &settings = artifact.header->settings;
  if (engine.config().interruptible_loops && settings.polls == 0)
    refuse({base::ErrorKind::Unsupported, 0, "compiled without interruptible loops, which this engine wants"}, name);
  auto module = std::make_shared<const wasm::Module>(accept(structure_of(artifact), name));
  auto impl = std::make_shared<detail::ModuleImpl>(
      detail::ModuleImpl{engine, std::string(name), nullptr, settings, artifact.bytes});
  if (impl->name.empty())
    impl->name = module->names.module();
  impl->code = accept(runtime::Code::load(engine.impl().engine, module, std::move(artifact.program)), name);
  return Module(std::move(impl));
}

/// `bytes` live as long as `owner`; `file`: where they are mapped from, -1: memory.
Module loaded(const Engine &engine, std::span<const u8> bytes, std::shared_ptr<void> owner, int file,
              const LoadOptions &options) {
  Artifact artifact = accept(image::open_artifact(bytes, version()), options.name);
  artifact.program.owner = std::move(owner);
  artifact.program.file = file;
  artifact.program.placing = file >= 0 ? image::Program::Placing::MapFile : image::Program::Placing::Copy;
  return loaded(engine, std::move(artifact), options);
}

Module loaded_copy(const Engine &engine, std::span<const u8> bytes, const LoadOptions &options) {
  auto copy = std::make_shared<std::vector<u8>>(bytes.begin(), bytes.end());
  return loaded(engine, *copy, copy, -1, options);
}

/// As linkers and debuggers want them: mangled names stay mangled.
std::vector<std::string> symbol_names(const wasm::Module &module) {
  const wasm::FuncNames names(module);
  std::vector<std::string> out;
  for (u32 func = module.imported_funcs; func < module.funcs.size(); ++func)
    out.push_back(names.raw(func).empty() ? std::string() : base::printable(names.raw(func)));
  return out;
}

std::vector<u8> compiled(const detail::ModuleImpl &module, image::ArtifactSettings settings,
                         const std::string &symbol) {
  const wasm::Module &m = module.code->module();
  if (m.bytes == nullptr)
    throw Error(ErrorKind::Usage, "a compiled module that was loaded has no source to make an object of");
  const std::vector<std::string> names = symbol_names(m);
  return image::write_artifact({.image = module.code->image(),
                                .module = *m.bytes,
                                .tags_offset = module.code->layout().tags,
                                .names = names,
                                .engine_version = version(),
                                .settings = settings,
                                .symbol = symbol});
}

std::vector<u8> artifact_of(const detail::ModuleImpl &module) {
  if (!module.artifact.empty())
    return {module.artifact.begin(), module.artifact.end()};
  return compiled(module, module.settings, "");
}

} // namespace

Module Module::load(const Engine &engine, const std::string &path, const LoadOptions &options) {
  LoadOptions named = options;
  if (named.name.empty())
    named.name = path;
  std::shared_ptr<os::MappedFile> file = api::unwrap(os::MappedFile::open(path));
  if (!options.key.empty())
    return loaded_copy(engine, file->bytes(), named);
  Module module = loaded(engine, file->bytes(), file, file->descriptor(), named);
  file->close_descriptor();
  return module;
}

Module Module::load(const Engine &engine, std::span<const u8> bytes, const LoadOptions &options) {
  return loaded_copy(engine, bytes, options);
}

Module Module::from_native(const Engine &engine, const trapeze_native_module &native, const LoadOptions &options) {
  if (!options.key.empty())
    throw Error(ErrorKind::Usage, "a module that is linked into the program has no seal: a key is for files");
  const auto &header = reinterpret_cast<const image::ArtifactHeader &>(native);
  return loaded(engine, accept(image::open_native(header, version()), options.name), options);
}

bool Module::is_saved(std::span<const u8> bytes) { return image::is_artifact(bytes); }

std::vector<u8> Module::save(std::span<const u8> key) const {
  std::vector<u8> out = artifact_of(*impl_);
  if (!key.empty())
    api::unwrap(image::seal(out, key));
  return out;
}

void Module::save(const std::string &path, std::span<const u8> key) const {
  api::unwrap(os::replace_file(path, save(key)));
}

} // namespace trapeze::v1

namespace trapeze::api {

std::vector<u8> native_object(const v1::Module &module, const std::string &name, bool prefers_fast_unwinder) {
  image::ArtifactSettings settings = module.impl().settings;
  settings.prefers_fast_unwinder = prefers_fast_unwinder;
  return v1::compiled(module.impl(), settings, name + "_module");
}

bool prefers_fast_unwinder(const trapeze_native_module &native) {
  return reinterpret_cast<const image::ArtifactHeader &>(native).settings.prefers_fast_unwinder != 0;
}

namespace {

std::string hex(std::span<const u8> bytes) {
  std::string out;
  for (u8 byte : bytes)
    fmt::format_to(std::back_inserter(out), "{:02x}", byte);
  return out;
}

std::string feature_flags(u64 bits) {
  std::string out;
  for (u32 i = 0; i < wasm::feature_count; ++i)
    if (bits >> i & 1)
      out += (out.empty() ? "" : ",") + std::string(wasm::row(static_cast<wasm::Feature>(i)).flag);
  return out;
}

} // namespace

std::string describe_artifact(const std::string &path) {
  std::shared_ptr<os::MappedFile> file = unwrap(os::MappedFile::open(path));
  const std::span<const u8> bytes = file->bytes();
  const auto artifact = image::open_artifact(bytes, v1::version());
  if (!artifact && bytes.size() < image::artifact_header_at + sizeof(image::ArtifactHeader))
    v1::refuse(artifact.error(), path);
  if (!artifact && !image::is_artifact(bytes))
    v1::refuse(artifact.error(), path);
  const auto &header = *reinterpret_cast<const image::ArtifactHeader *>(bytes.data() + image::artifact_header_at);
  const image::ArtifactSettings &settings = header.settings;
  std::string out;
  auto line = [&](std::string_view what, const std::string &text) { out += fmt::format("{:<12}{}\n", what, text); };
  line("compiler:", fmt::format("trapeze {}, format {}", header.engine_version(), header.format));
  line("loads here:", artifact ? "yes" : "no: " + artifact.error().message);
  const bool is_object = header.kind == image::ArtifactHeader::Object;
  if (is_object)
    line("content:", "for a linker, " + hex(header.content_hash));
  else
    line("content:",
         artifact && image::verify_content(*artifact) ? "intact, " + hex(header.content_hash) : "NOT what was written");
  line("seal:", header.seal == std::array<u8, 32>{} ? "none" : "present (--key FILE checks it)");
  line("machine:", header.machine == 62 ? "x86-64" : fmt::format("ELF machine {}", header.machine));
  line("cpu:", header.cpu_features == 0 ? "base" : abi::cpu_feature_names(header.cpu_features));
  line("interface:", fmt::format("{:016x}", header.abi_hash));
  line("settings:", fmt::format("opt-level {}{}", settings.for_size ? "s" : std::to_string(settings.opt_level),
                                settings.polls ? ", interruptible" : ""));
  line("features:", feature_flags(settings.features));
  line("module:", hex(header.module_hash));
  if (!artifact && !is_object)
    return out;
  for (u32 i = 0; i < image::artifact_table_count; ++i) {
    const u64 size = header.tables[i].size, row = image::artifact_tables[i].row_size;
    out += fmt::format("  {:<24}{:>12} bytes{}\n", image::artifact_tables[i].section, size,
                       row > 1 ? fmt::format("{:>10} rows", size / row) : "");
  }
  return out;
}

} // namespace trapeze::api
