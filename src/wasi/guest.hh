// Guest memory as the functions see it. Every access checks its bounds first and fails with EFAULT: a pointer of
// the guest is a number, nothing more. The bytes may change under a shared memory, so whatever is decided upon is
// read once into a local.
#pragma once

#include "trapeze/trapeze.hh"
#include "wasi/abi.hh"

#include <cstring>
#include <span>
#include <string>
#include <vector>

#include <sys/uio.h>

namespace trapeze::wasi {

class Guest {
public:
  explicit Guest(std::span<u8> memory) : memory_(memory) {}

  std::span<u8> bytes(u32 address, u64 size) const {
    if (address > memory_.size() || size > memory_.size() - address)
      throw Failure{Errno::Fault};
    return memory_.subspan(address, size);
  }
  template <typename T> T read(u32 address) const {
    T value;
    std::memcpy(&value, bytes(address, sizeof value).data(), sizeof value);
    return value;
  }
  template <typename T> void write(u32 address, T value) const {
    std::memcpy(bytes(address, sizeof value).data(), &value, sizeof value);
  }
  /// A path or other text: EILSEQ unless UTF-8, EINVAL with a zero inside.
  std::string path(u32 address, u32 size) const;
  /// The buffers of an iovec list, all checked. At most what one system call takes: a shorter transfer is allowed.
  std::vector<iovec> buffers(u32 iovs, u32 count) const;

private:
  std::span<u8> memory_;
};

} // namespace trapeze::wasi
