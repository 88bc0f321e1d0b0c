// A tag's identity is the address of this object: two imports of one tag are the same Tag, two instances of
// one module have different ones. Spec: Execution, Tag Instances.
#pragma once

#include "runtime/type_registry.hh"

#include <vector>

namespace trapeze::runtime {

class Store;

class Tag {
public:
  Tag(Store &store, const TypeEntry *type);
  Tag(const Tag &) = delete;
  Tag &operator=(const Tag &) = delete;

  Store &store() const { return store_; }
  const TypeEntry &type_entry() const { return *type_; }
  const wasm::FuncType &type() const { return type_->type.func; }
  u32 field_count() const { return static_cast<u32>(type_->type.func.params.size()); }
  /// Which payload cells hold references.
  const std::vector<u32> &ref_fields() const { return ref_fields_; }
  /// From the name section of the module that defines it, or as exported, or as imported; for reports.
  std::string name;

private:
  Store &store_;
  const TypeEntry *type_;
  std::vector<u32> ref_fields_;
};

} // namespace trapeze::runtime
