// Publishing an image is the last step of loading: whoever finds it in the code map finds it complete.
#include "runtime/code.hh"

#include "base/assert.hh"
#include "runtime/code_region.hh"
#include "runtime/perf_map.hh"

namespace trapeze::runtime {

Code::Code(std::shared_ptr<Engine> engine, std::shared_ptr<const wasm::Module> module, image::CodeImage image)
    : engine_(std::move(engine)), module_(std::move(module)), image_(std::move(image)), layout_(*module_) {
  type_ids_ = engine_->types().add(*module_);
  types_.reserve(type_ids_.size());
  for (u32 id : type_ids_)
    types_.push_back(engine_->types().entry(id));
  for (u32 i = 0; i < module_->exports.size(); ++i)
    exports_.emplace(module_->exports[i].name, i);
}

Result<std::shared_ptr<const Code>> Code::load(std::shared_ptr<Engine> engine,
                                               std::shared_ptr<const wasm::Module> module, image::CodeImage image) {
  ASSERT(image.functions.size() == module->funcs.size() - module->imported_funcs);
  std::shared_ptr<Code> code(new Code(std::move(engine), std::move(module), std::move(image)));
  unwind::LoadedImage &loaded = code->loaded_;
  loaded.image = &code->image_;
  loaded.tags_offset = code->layout_.tags;
  loaded.owner = code.get();
  loaded.build_call_hash();
  if (code->engine_->throws_on_system())
    loaded.lsda = image::write_lsda(code->image_);
  TRY(CodeRegions::get().publish(code->image_.code, loaded));
  if (code->engine_->tells_debugger())
    code->debugger_entry_ = std::make_unique<DebuggerEntry>(*code);
  if (code->engine_->writes_perf_map())
    append_to_perf_map(*code);
  code->image_.code = {};
  return code;
}

Code::~Code() {
  debugger_entry_.reset();
  if (loaded_.base != nullptr)
    CodeRegions::get().drop(loaded_);
}

const std::vector<std::unique_ptr<DataImage>> &Code::data_images() const {
  static const std::vector<std::unique_ptr<DataImage>> none;
  if (!has_been_instantiated_.exchange(true))
    return none;
  std::call_once(data_images_made_, [this] { data_images_ = DataImage::build(*module_); });
  return data_images_;
}

std::optional<u32> Code::find_export(std::string_view name) const {
  auto at = exports_.find(name);
  return at == exports_.end() ? std::nullopt : std::optional(at->second);
}

} // namespace trapeze::runtime
