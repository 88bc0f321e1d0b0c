// Publishing an image is the last step of loading: whoever finds it in the code map finds it complete.
#include "runtime/code.hh"

#include "base/assert.hh"
#include "runtime/code_region.hh"
#include "runtime/perf_map.hh"

namespace trapeze::runtime {

Code::Code(std::shared_ptr<Engine> engine, std::shared_ptr<const wasm::Module> module, image::Program program)
    : engine_(std::move(engine)), module_(std::move(module)), program_(std::move(program)), layout_(*module_) {
  type_ids_ = engine_->types().add(*module_);
  types_.reserve(type_ids_.size());
  for (u32 id : type_ids_)
    types_.push_back(engine_->types().entry(id));
  for (u32 i = 0; i < module_->exports.size(); ++i)
    exports_.emplace(module_->exports[i].name, i);
}

void Code::complete_tables() {
  program_.image.imported_funcs = module_->imported_funcs;
  if (program_.handled_calls.slots.empty()) {
    handled_calls_ = image::hash_handled_calls(image(), layout_.tags);
    program_.handled_calls = handled_calls_.view();
  }
  ASSERT(program_.handled_calls.is_usable());
  if (engine_->throws_on_system() && program_.lsda.offset_of.empty()) {
    lsda_ = image::write_lsda(image());
    program_.lsda = lsda_.view();
  }
  loaded_.image = &program_.image;
  loaded_.tags_offset = layout_.tags;
  loaded_.tags_end = layout_.tags + 8 * static_cast<u32>(module_->tags.size());
  loaded_.owner = this;
  loaded_.set_handled_calls(program_.handled_calls);
  if (engine_->throws_on_system())
    loaded_.lsda = program_.lsda;
}

Result<void> Code::publish() {
  TRY(CodeRegions::get().publish(program_, loaded_));
  const bool is_in_place = loaded_.base == program_.image.code.data(); // then debuggers read the executable
  program_.image.code = {loaded_.base, program_.image.code.size()};
  if (engine_->tells_debugger() && !is_in_place)
    debugger_entry_ = std::make_unique<DebuggerEntry>(*this);
  if (engine_->writes_perf_map())
    append_to_perf_map(*this);
  return {};
}

Result<std::shared_ptr<const Code>> Code::load(std::shared_ptr<Engine> engine,
                                               std::shared_ptr<const wasm::Module> module, image::Program program) {
  ASSERT(program.image.functions.size() == module->funcs.size() - module->imported_funcs);
  std::shared_ptr<Code> code(new Code(std::move(engine), std::move(module), std::move(program)));
  code->complete_tables();
  TRY(code->publish());
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
