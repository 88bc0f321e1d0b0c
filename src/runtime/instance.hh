// An instance: a Code with its imports resolved. The object describes; what compiled code needs stands in its
// InstanceContext (abi/vmctx.hh), one allocation of the size that the module's layout gives.
// Instances live as long as their store. Spec: Execution, Module Instances.
#pragma once

#include "runtime/code.hh"
#include "runtime/extern.hh"
#include "runtime/global.hh"
#include "runtime/trap.hh"

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace trapeze::runtime {

class Instance {
public:
  ~Instance();
  Instance(const Instance &) = delete;
  Instance &operator=(const Instance &) = delete;

  Store &store() const { return store_; }
  const Code &code() const { return *code_; }
  const wasm::Module &module() const { return code_->module(); }
  abi::InstanceContext *context() const { return context_; }
  static Instance *of(const abi::InstanceContext *context) { return static_cast<Instance *>(context->instance); }

  /// By index of the module's index spaces.
  Func func(u32 index);
  Table *table(u32 index) const { return tables_[index]; }
  Memory *memory(u32 index) const { return memories_[index]; }
  Global *global(u32 index) const { return globals_[index]; }
  Tag *tag(u32 index) const { return tags_[index]; }

  /// nullopt: no export of this name.
  std::optional<Extern> find_export(std::string_view name);
  /// The i-th of module().exports.
  Extern export_at(u32 i);

  /// The funcref of a function, 0 when the heap has no room for it.
  RawRef func_ref(u32 index);
  std::span<const RawRef> element_segment(u32 index) const;
  std::span<const u8> data_segment(u32 index) const;
  void drop_element(u32 index);
  void drop_data(u32 index) { dropped_data_[index] = 1; }

  template <typename Visit> void visit_roots(Visit &&visit) const {
    for (u32 segment : root_elements_)
      for (RawRef ref : elements_[segment])
        visit(ref);
  }

private:
  friend class Instantiator;
  Instance(Store &store, std::shared_ptr<const Code> code);
  template <typename T> T *at(u32 offset) { return reinterpret_cast<T *>(reinterpret_cast<u8 *>(context_) + offset); }

  Store &store_;
  std::shared_ptr<const Code> code_;
  abi::InstanceContext *context_ = nullptr;
  std::vector<RawRef> func_refs_; ///< by function index; 0: not made yet
  std::vector<Table *> tables_;
  std::vector<Memory *> memories_;
  std::vector<Global *> globals_;
  std::vector<Tag *> tags_;
  std::vector<std::vector<RawRef>> elements_; ///< evaluated; empty once dropped
  std::vector<u32> root_elements_;            ///< segments that may hold collected references
  std::vector<u8> dropped_data_;
};

/// How an instantiation went: `instance` is null unless the outcome is ok.
struct Instantiation {
  Instance *instance = nullptr;
  Outcome outcome;
};

/// `imports` in order of the module's imports. Imports that are missing or do not match are an Error
/// (Unlinkable: "unknown import: ..." / "incompatible import type: ..."); a segment out of bounds, a trap or an
/// exception of the start function is the outcome. A foreign exception of the start function is thrown in C++.
Result<Instantiation> instantiate(Store &store, std::shared_ptr<const Code> code, std::span<const Extern> imports);

} // namespace trapeze::runtime
