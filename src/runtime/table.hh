// A table: 32-bit references in reserved address space, growing in place. Spec: Execution, Table Instances.
#pragma once

#include "abi/vmctx.hh"
#include "base/result.hh"
#include "runtime/value.hh"
#include "wasm/types.hh"

#include <memory>

namespace trapeze::runtime {

class Store;

class Table {
public:
  /// `type` is an engine type; all elements become `init`.
  static Result<std::unique_ptr<Table>> create(Store &store, const wasm::TableType &type, RawRef init);
  ~Table();
  Table(const Table &) = delete;
  Table &operator=(const Table &) = delete;

  Store &store() const { return store_; }
  const wasm::TableType &type() const { return type_; }
  u64 size() const { return descriptor_.length; }
  /// Index must be < size().
  RawRef get(u64 index) const { return descriptor_.base[index]; }
  void set(u64 index, RawRef value) { descriptor_.base[index] = value; }
  bool contains(u64 index, u64 length) const {
    return length <= descriptor_.length && index <= descriptor_.length - length;
  }
  /// Old size, or -1.
  i64 grow(u64 delta, RawRef init);
  RawRef *elements() { return descriptor_.base; }
  abi::TableDescriptor *descriptor() { return &descriptor_; }

private:
  Table(Store &store, const wasm::TableType &type) : store_(store), type_(type) {}
  Store &store_;
  wasm::TableType type_;
  abi::TableDescriptor descriptor_{};
  u64 reserved_ = 0, committed_ = 0; ///< bytes
  u64 max_ = 0;                      ///< elements
};

} // namespace trapeze::runtime
