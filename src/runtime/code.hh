// A module that can be instantiated: its structure, and its compiled image published in the code region.
// Immutable and shared by all threads; every store that has an instance of it holds it, so its code goes
// only when no frame can be in it any more.
#pragma once

#include "abi/vmctx.hh"
#include "base/result.hh"
#include "image/program.hh"
#include "runtime/data_image.hh"
#include "runtime/debugger.hh"
#include "runtime/engine.hh"
#include "unwind/code_map.hh"
#include "wasm/module.hh"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace trapeze::runtime {

class Code : public std::enable_shared_from_this<Code> {
public:
  /// Makes the program's code executable, registers the module's types and publishes both. What the program's tables
  /// say agrees with the module as far as counts go.
  static Result<std::shared_ptr<const Code>> load(std::shared_ptr<Engine> engine,
                                                  std::shared_ptr<const wasm::Module> module, image::Program program);
  static Result<std::shared_ptr<const Code>> load(std::shared_ptr<Engine> engine,
                                                  std::shared_ptr<const wasm::Module> module, image::CodeImage image) {
    return load(std::move(engine), std::move(module), image::Program::of(std::move(image)));
  }
  ~Code();
  Code(const Code &) = delete;
  Code &operator=(const Code &) = delete;

  Engine &engine() const { return *engine_; }
  const wasm::Module &module() const { return *module_; }
  const std::shared_ptr<const wasm::Module> &module_ptr() const { return module_; }
  /// Its code is what was published.
  const image::ImageView &image() const { return program_.image; }
  /// False: its tables are a file's, any row may be damaged.
  bool is_checked() const { return program_.is_checked; }
  const abi::InstanceLayout &layout() const { return layout_; }
  const unwind::LoadedImage &loaded() const { return loaded_; }
  /// First byte of the published code.
  const u8 *base() const { return loaded_.base; }
  const void *entry_of(u32 func) const {
    u32 offset = image().functions[func - module_->imported_funcs].code_offset;
    return base() + (offset < image().code.size() ? offset : 0); // a damaged row's is not called, but may be taken
  }
  /// Engine type ids by type index.
  const std::vector<u32> &type_ids() const { return type_ids_; }
  const TypeEntry *type_entry(wasm::TypeIndex type) const { return types_[static_cast<u32>(type)]; }
  const TypeEntry *func_type(u32 func) const { return type_entry(module_->funcs[func].type); }
  wasm::ValType to_engine(wasm::ValType type) const { return runtime::to_engine(type, type_ids_); }
  /// Index into module().exports.
  std::optional<u32> find_export(std::string_view name) const;
  /// Copy-on-write initial contents by memory index; empty: segments are copied. Asked once per instantiation: the
  /// first copies, as it costs the same and most modules have one instance; the second makes the images.
  const std::vector<std::unique_ptr<DataImage>> &data_images() const;
  static const Code *of(const unwind::LoadedImage &loaded) { return static_cast<const Code *>(loaded.owner); }

private:
  Code(std::shared_ptr<Engine> engine, std::shared_ptr<const wasm::Module> module, image::Program program);
  void complete_tables();
  Result<void> publish();
  std::shared_ptr<Engine> engine_;
  std::shared_ptr<const wasm::Module> module_;
  image::Program program_;
  image::HandledCalls handled_calls_; ///< where the program brought none, likewise lsda_
  image::LsdaTables lsda_;
  abi::InstanceLayout layout_;
  std::vector<u32> type_ids_;
  std::vector<const TypeEntry *> types_;
  std::unordered_map<std::string_view, u32> exports_;
  mutable std::atomic<bool> has_been_instantiated_{false};
  mutable std::once_flag data_images_made_;
  mutable std::vector<std::unique_ptr<DataImage>> data_images_;
  unwind::LoadedImage loaded_;
  std::unique_ptr<DebuggerEntry> debugger_entry_;
};

} // namespace trapeze::runtime
