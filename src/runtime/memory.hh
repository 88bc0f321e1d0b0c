// A linear memory: reserved address space with a guard, so that a 32-bit memory needs no bounds checks in
// code and never moves when it grows. Spec: Execution, Memory Instances.
//
// 32-bit memories reserve 8 GiB + a guard: a 32-bit index plus a 32-bit offset plus an access cannot leave
// it. 64-bit ones and those with pages smaller than the system's are checked in code against `length`.
#pragma once

#include "abi/vmctx.hh"
#include "base/result.hh"
#include "wasm/types.hh"

#include <memory>
#include <span>

namespace trapeze::runtime {

class Store;
class DataImage;

class Memory {
public:
  static Result<std::unique_ptr<Memory>> create(Store &store, const wasm::MemoryType &type);
  ~Memory();
  Memory(const Memory &) = delete;
  Memory &operator=(const Memory &) = delete;

  Store &store() const { return store_; }
  /// As declared; limits.min is the minimum at creation.
  const wasm::MemoryType &type() const { return type_; }
  u64 pages() const { return descriptor_.length >> type_.page_size_log2; }
  u8 *data() const { return descriptor_.base; }
  u64 size() const { return descriptor_.length; } ///< bytes
  std::span<u8> bytes() const { return {descriptor_.base, descriptor_.length}; }
  /// Old size in pages, or -1.
  i64 grow(u64 delta_pages);
  bool contains(u64 address, u64 length) const {
    return length <= descriptor_.length && address <= descriptor_.length - length;
  }
  abi::MemoryDescriptor *descriptor() { return &descriptor_; }
  /// Maps the image privately over the first pages, which must be untouched so far.
  bool map_initial(const DataImage &image);

private:
  Memory(Store &store, const wasm::MemoryType &type) : store_(store), type_(type) {}
  Store &store_;
  wasm::MemoryType type_;
  abi::MemoryDescriptor descriptor_{};
  u64 reserved_ = 0;  ///< bytes of address space, guard included
  u64 committed_ = 0; ///< bytes readable and writable, a multiple of the system's page
  u64 max_pages_ = 0;
};

} // namespace trapeze::runtime
