// The initial contents of a memory as pages that every instance maps copy-on-write, so that instantiating a module
// with megabytes of data costs one system call. Only for modules whose active segments are all plain: constant
// offsets, in bounds of the minimum size, into memories the module defines. Then they cannot trap, and mapping them is
// not distinguishable from copying them in order. Each image keeps a file descriptor, so a process has few at a time.
#pragma once

#include "os/memory.hh"
#include "wasm/module.hh"

#include <memory>
#include <vector>

namespace trapeze::runtime {

class DataImage {
public:
  explicit DataImage(std::unique_ptr<os::SharedPages> pages);
  ~DataImage();
  u64 size() const { return pages_->size(); }
  bool map(u8 *base) const { return pages_->map_private(base); }

  /// By memory index; empty when the module is not of that kind or its data is small. Null entries: no data.
  static std::vector<std::unique_ptr<DataImage>> build(const wasm::Module &module);

private:
  std::unique_ptr<os::SharedPages> pages_;
};

} // namespace trapeze::runtime
