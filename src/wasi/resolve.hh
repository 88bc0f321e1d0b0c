// Paths that cannot leave their directory.
//
// Problem: a path of the guest is resolved below an open directory, and no component may lead outside: not `..`, not
// an absolute path, not a symbolic link, and not one that is swapped while we look. Checking first and opening then
// is a race; only a resolution in which each step starts from an open directory is safe.
// Idea: the kernel does it (openat2 with RESOLVE_BENEATH, Linux >= 5.6). Where it does not (an older kernel, a filter
// that forbids the call), `Walk` does the same by hand: one component at a time, each opened with O_NOFOLLOW from
// the descriptor of its directory; links are read and their text is walked in place; `..` returns to a descriptor we
// still hold and never asks the file system.
// Invariant: a descriptor that comes from here names something below `directory`. Operations that name an entry
// (unlink, rename, ...) get its directory as a descriptor and one component without slashes, and are done without
// following links.
#pragma once

#include "wasi/abi.hh"

#include <string>
#include <utility>

#include <sys/types.h>

namespace trapeze::wasi {

/// Owns a host descriptor.
class OwnedFd {
public:
  OwnedFd() = default;
  explicit OwnedFd(int fd) : fd_(fd) {}
  OwnedFd(OwnedFd &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedFd &operator=(OwnedFd &&other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~OwnedFd();
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  explicit operator bool() const { return fd_ >= 0; }

private:
  int fd_ = -1;
};

enum class Resolver : u8 { Kernel, Walk };

/// Kernel where it has openat2, else Walk. Found out once.
Resolver default_resolver();

/// Opens `path` below `directory` with the flags of open(2); O_NOFOLLOW: the last component is not followed (and,
/// without O_PATH, must not be a link). Fails with EPERM when the path leads outside.
OwnedFd open_beneath(Resolver resolver, int directory, const std::string &path, int flags, mode_t mode = 0);

/// The directory and the name of a path's last component, for operations on the entry itself.
struct Entry {
  OwnedFd directory;
  std::string name;               ///< no slash; "." for a path that ends in `.`, ".." likewise
  bool must_be_directory = false; ///< slashes stood behind it
};
Entry entry_beneath(Resolver resolver, int directory, const std::string &path);

} // namespace trapeze::wasi
