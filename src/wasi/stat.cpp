// What is known about descriptors and files, and setting of sizes and times.
#include "wasi/functions.hh"

#include <cerrno>
#include <limits>

#include <fcntl.h>
#include <unistd.h>

namespace trapeze::wasi {

namespace {

u64 nanoseconds(const timespec &t) { return static_cast<u64>(t.tv_sec) * 1'000'000'000 + static_cast<u64>(t.tv_nsec); }

/// filestat, 64 bytes: dev 0, ino 8, filetype 16, nlink 24, size 32, atim 40, mtim 48, ctim 56.
void write_filestat(Guest &guest, u32 result, const struct stat &st, int fd) {
  std::memset(guest.bytes(result, 64).data(), 0, 64);
  guest.write<u64>(result, st.st_dev);
  guest.write<u64>(result + 8, st.st_ino);
  guest.write<u8>(result + 16, static_cast<u8>(file_type(st.st_mode, fd)));
  guest.write<u64>(result + 24, st.st_nlink);
  guest.write<u64>(result + 32, static_cast<u64>(st.st_size));
  guest.write<u64>(result + 40, nanoseconds(st.st_atim));
  guest.write<u64>(result + 48, nanoseconds(st.st_mtim));
  guest.write<u64>(result + 56, nanoseconds(st.st_ctim));
}

timespec host_time(u64 time, u32 flags, u32 set, u32 now) {
  if ((flags & set) && (flags & now))
    throw Failure{Errno::Inval};
  if (flags & now)
    return {0, UTIME_NOW};
  if (flags & set)
    return {static_cast<time_t>(time / 1'000'000'000), static_cast<long>(time % 1'000'000'000)};
  return {0, UTIME_OMIT};
}

struct Times {
  timespec values[2];
  Times(u64 atim, u64 mtim, u32 flags)
      : values{host_time(atim, flags, fstflags::atim, fstflags::atim_now),
               host_time(mtim, flags, fstflags::mtim, fstflags::mtim_now)} {}
};

/// The file a path names, as a descriptor without access.
OwnedFd open_for_stat(Context &c, Descriptor &d, u32 flags, const std::string &path) {
  int nofollow = flags & lookupflags::symlink_follow ? 0 : O_NOFOLLOW;
  return open_beneath(c.resolver(), d.fd, path, O_PATH | nofollow);
}

} // namespace

u16 fdflags_of(int status_flags) {
  u16 flags = 0;
  if (status_flags & O_APPEND)
    flags |= fdflags::append;
  if (status_flags & O_NONBLOCK)
    flags |= fdflags::nonblock;
  if ((status_flags & O_SYNC) == O_SYNC)
    flags |= fdflags::sync | fdflags::rsync;
  else if (status_flags & O_DSYNC)
    flags |= fdflags::dsync;
  return flags;
}

int status_flags_of(u16 flags) {
  int status = 0;
  if (flags & fdflags::append)
    status |= O_APPEND;
  if (flags & fdflags::nonblock)
    status |= O_NONBLOCK;
  if (flags & (fdflags::sync | fdflags::rsync))
    status |= O_SYNC;
  if (flags & fdflags::dsync)
    status |= O_DSYNC;
  return status;
}

/// fdstat, 24 bytes: filetype 0, flags 2, rights 8, inheriting rights 16.
void fd_fdstat_get(Context &c, Guest &guest, u32 fd, u32 result) {
  Descriptor &d = c.descriptor(fd);
  std::memset(guest.bytes(result, 24).data(), 0, 24);
  int status = fcntl(d.fd, F_GETFL);
  if (status < 0)
    throw Failure{last_error()};
  guest.write<u8>(result, static_cast<u8>(d.type));
  guest.write<u16>(result + 2, static_cast<u16>(fdflags_of(status & ~(O_SYNC | O_DSYNC)) | d.sync_flags));
  guest.write<u64>(result + 8, d.base);
  guest.write<u64>(result + 16, d.inheriting);
}

void fd_fdstat_set_flags(Context &c, Guest &, u32 fd, u32 flags) {
  Descriptor &d = c.descriptor(fd, rights::fd_fdstat_set_flags);
  constexpr u32 changeable = fdflags::append | fdflags::nonblock;
  if (flags & ~u32{31})
    throw Failure{Errno::Inval};
  if ((flags & ~changeable) != d.sync_flags)
    throw Failure{Errno::NotSup};
  int status = fcntl(d.fd, F_GETFL);
  if (status < 0 ||
      fcntl(d.fd, F_SETFL, (status & ~(O_APPEND | O_NONBLOCK)) | status_flags_of(flags & changeable)) != 0)
    throw Failure{last_error()};
}

void fd_fdstat_set_rights(Context &c, Guest &, u32 fd, u64 base, u64 inheriting) {
  Descriptor &d = c.descriptor(fd);
  if ((base & ~d.base) || (inheriting & ~d.inheriting))
    throw Failure{Errno::NotCapable};
  d.base = base;
  d.inheriting = inheriting;
}

void fd_filestat_get(Context &c, Guest &guest, u32 fd, u32 result) {
  Descriptor &d = c.descriptor(fd, rights::fd_filestat_get);
  struct stat st{};
  if (fstat(d.fd, &st) != 0)
    throw Failure{last_error()};
  write_filestat(guest, result, st, d.fd);
}

void fd_filestat_set_size(Context &c, Guest &, u32 fd, u64 size) {
  Descriptor &d = c.descriptor(fd, rights::fd_filestat_set_size);
  if (size > static_cast<u64>(std::numeric_limits<off_t>::max()))
    throw Failure{Errno::Inval};
  if (ftruncate(d.fd, static_cast<off_t>(size)) != 0)
    throw Failure{last_error()};
}

void fd_filestat_set_times(Context &c, Guest &, u32 fd, u64 atim, u64 mtim, u32 flags) {
  Descriptor &d = c.descriptor(fd, rights::fd_filestat_set_times);
  Times times(atim, mtim, flags);
  if (futimens(d.fd, times.values) != 0)
    throw Failure{last_error()};
}

/// prestat, 8 bytes: kind 0 (0: directory), length of the name 4. EBADF tells C libraries that there are no more.
void fd_prestat_get(Context &c, Guest &guest, u32 fd, u32 result) {
  Descriptor &d = c.descriptor(fd);
  if (!d.preopen)
    throw Failure{Errno::BadF};
  guest.write<u32>(result, 0);
  guest.write<u32>(result + 4, static_cast<u32>(d.preopen->size()));
}

void fd_prestat_dir_name(Context &c, Guest &guest, u32 fd, u32 path, u32 size) {
  Descriptor &d = c.descriptor(fd);
  if (!d.preopen)
    throw Failure{Errno::BadF};
  if (size < d.preopen->size())
    throw Failure{Errno::NameTooLong};
  std::memcpy(guest.bytes(path, d.preopen->size()).data(), d.preopen->data(), d.preopen->size());
}

void path_filestat_get(Context &c, Guest &guest, u32 fd, u32 flags, u32 path, u32 size, u32 result) {
  Descriptor &d = c.descriptor(fd, rights::path_filestat_get);
  OwnedFd file = open_for_stat(c, d, flags, guest.path(path, size));
  struct stat st{};
  if (fstat(file.get(), &st) != 0)
    throw Failure{last_error()};
  write_filestat(guest, result, st, -1);
}

void path_filestat_set_times(Context &c, Guest &guest, u32 fd, u32 flags, u32 path, u32 size, u64 atim, u64 mtim,
                             u32 fst_flags) {
  Descriptor &d = c.descriptor(fd, rights::path_filestat_set_times);
  Times times(atim, mtim, fst_flags);
  OwnedFd file = open_for_stat(c, d, flags, guest.path(path, size));
  if (utimensat(file.get(), "", times.values, AT_EMPTY_PATH) == 0)
    return;
  if (errno != EINVAL && errno != ENOENT)
    throw Failure{last_error()};
  // Before Linux 5.8 the empty path is not taken; the descriptor's own name is, and it cannot lead elsewhere.
  std::string self = "/proc/self/fd/" + std::to_string(file.get());
  if (utimensat(AT_FDCWD, self.c_str(), times.values, 0) != 0)
    throw Failure{last_error()};
}

} // namespace trapeze::wasi
