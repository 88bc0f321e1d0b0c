// What a store's WASI functions share: arguments, environment, and the table of descriptors, each with its rights.
//
// A descriptor of the guest is an index into the table; it owns a host descriptor (but for the standard streams) and
// the rights it was opened with, which only ever shrink. Every function names the rights it needs when it asks for
// a descriptor, so a missing check is a missing argument.
#pragma once

#include "trapeze/trapeze.hh"
#include "trapeze/wasi.hh"
#include "wasi/abi.hh"
#include "wasi/resolve.hh"

#include <optional>
#include <string>
#include <vector>

#include <sys/stat.h>

namespace trapeze::wasi {

struct Descriptor {
  OwnedFd owned; ///< empty for the standard streams
  int fd = -1;   ///< the host's
  FileType type = FileType::Unknown;
  u64 base = 0, inheriting = 0;
  u16 sync_flags = 0;                 ///< fdflags that open(2) takes and fcntl(2) cannot change
  std::optional<std::string> preopen; ///< guest name
};

class Context {
public:
  explicit Context(const Options &options);

  /// EBADF if there is none, ENOTCAPABLE if it lacks one of the rights.
  Descriptor &descriptor(u32 fd, u64 needed = 0);
  /// The lowest free number.
  u32 add(Descriptor descriptor);
  void remove(u32 fd);
  void renumber(u32 from, u32 to);

  const std::vector<std::string> &args() const { return args_; }
  const std::vector<std::string> &env() const { return env_; }
  Resolver resolver() const { return resolver_; }
  /// The memory `memory` of the calling instance; empty if it has none.
  Memory memory_of(Caller &caller);

private:
  std::vector<std::string> args_, env_;
  std::vector<std::optional<Descriptor>> table_;
  Resolver resolver_ = default_resolver();
  Instance last_caller_;
  Memory last_memory_;
};

FileType file_type(mode_t mode, int fd);
/// What a descriptor of this type can be used for at all.
u64 rights_of(FileType type);

} // namespace trapeze::wasi
