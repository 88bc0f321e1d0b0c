// Reading, writing, positions and directories. Transfers go straight between the host's descriptor and guest memory,
// unbuffered: output is there when the call returns, whatever happens to the program afterwards.
#include "wasi/functions.hh"

#include <cerrno>
#include <limits>

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace trapeze::wasi {

namespace {

/// Repeats a call that a signal interrupted; its result, or the host's error.
template <typename Call> u64 checked(Call &&call) {
  while (true) {
    auto n = call();
    if (n >= 0)
      return static_cast<u64>(n);
    if (errno != EINTR)
      throw Failure{last_error()};
  }
}

off_t host_offset(u64 offset) {
  if (offset > static_cast<u64>(std::numeric_limits<off_t>::max()))
    throw Failure{Errno::Inval};
  return static_cast<off_t>(offset);
}

} // namespace

void fd_advise(Context &c, Guest &, u32 fd, u64 offset, u64 size, u32 advice) {
  constexpr int advices[] = {POSIX_FADV_NORMAL,   POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM,
                             POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED,   POSIX_FADV_NOREUSE};
  Descriptor &d = c.descriptor(fd, rights::fd_advise);
  if (advice >= std::size(advices))
    throw Failure{Errno::Inval};
  if (d.type == FileType::Directory)
    throw Failure{Errno::BadF};
  if (int error = posix_fadvise(d.fd, host_offset(offset), host_offset(size), advices[advice]))
    throw Failure{from_host(error)};
}

void fd_allocate(Context &c, Guest &, u32 fd, u64 offset, u64 size) {
  Descriptor &d = c.descriptor(fd, rights::fd_allocate);
  checked([&] { return fallocate(d.fd, 0, host_offset(offset), host_offset(size)); });
}

void fd_close(Context &c, Guest &, u32 fd) { c.remove(fd); }

void fd_datasync(Context &c, Guest &, u32 fd) {
  Descriptor &d = c.descriptor(fd, rights::fd_datasync);
  checked([&] { return fdatasync(d.fd); });
}

void fd_sync(Context &c, Guest &, u32 fd) {
  Descriptor &d = c.descriptor(fd, rights::fd_sync);
  checked([&] { return fsync(d.fd); });
}

void fd_read(Context &c, Guest &guest, u32 fd, u32 iovs, u32 count, u32 result) {
  Descriptor &d = c.descriptor(fd, rights::fd_read);
  std::vector<iovec> buffers = guest.buffers(iovs, count);
  guest.bytes(result, 4);
  guest.write<u32>(
      result, static_cast<u32>(checked([&] { return readv(d.fd, buffers.data(), static_cast<int>(buffers.size())); })));
}

void fd_write(Context &c, Guest &guest, u32 fd, u32 iovs, u32 count, u32 result) {
  Descriptor &d = c.descriptor(fd, rights::fd_write);
  std::vector<iovec> buffers = guest.buffers(iovs, count);
  guest.bytes(result, 4);
  guest.write<u32>(result, static_cast<u32>(checked(
                               [&] { return writev(d.fd, buffers.data(), static_cast<int>(buffers.size())); })));
}

void fd_pread(Context &c, Guest &guest, u32 fd, u32 iovs, u32 count, u64 offset, u32 result) {
  Descriptor &d = c.descriptor(fd, rights::fd_read | rights::fd_seek);
  std::vector<iovec> buffers = guest.buffers(iovs, count);
  guest.bytes(result, 4);
  guest.write<u32>(result, static_cast<u32>(checked([&] {
                     return preadv(d.fd, buffers.data(), static_cast<int>(buffers.size()), host_offset(offset));
                   })));
}

void fd_pwrite(Context &c, Guest &guest, u32 fd, u32 iovs, u32 count, u64 offset, u32 result) {
  Descriptor &d = c.descriptor(fd, rights::fd_write | rights::fd_seek);
  std::vector<iovec> buffers = guest.buffers(iovs, count);
  guest.bytes(result, 4);
  guest.write<u32>(result, static_cast<u32>(checked([&] {
                     return pwritev(d.fd, buffers.data(), static_cast<int>(buffers.size()), host_offset(offset));
                   })));
}

void fd_seek(Context &c, Guest &guest, u32 fd, i64 offset, u32 whence, u32 result) {
  constexpr int origins[] = {SEEK_SET, SEEK_CUR, SEEK_END};
  if (whence >= std::size(origins))
    throw Failure{Errno::Inval};
  bool only_asks = offset == 0 && origins[whence] == SEEK_CUR;
  Descriptor &d = c.descriptor(fd);
  if (!(d.base & rights::fd_seek) && !(only_asks && (d.base & rights::fd_tell)))
    throw Failure{d.type == FileType::RegularFile || d.type == FileType::Directory ? Errno::NotCapable : Errno::SPipe};
  guest.bytes(result, 8);
  guest.write<u64>(result, checked([&] { return lseek(d.fd, offset, origins[whence]); }));
}

void fd_tell(Context &c, Guest &guest, u32 fd, u32 result) {
  Descriptor &d = c.descriptor(fd);
  if (!(d.base & rights::fd_tell))
    throw Failure{d.type == FileType::RegularFile || d.type == FileType::Directory ? Errno::NotCapable : Errno::SPipe};
  guest.write<u64>(result, checked([&] { return lseek(d.fd, 0, SEEK_CUR); }));
}

void fd_renumber(Context &c, Guest &, u32 from, u32 to) { c.renumber(from, to); }

namespace {

/// As the kernel writes directory entries.
struct HostEntry {
  u64 ino;
  i64 next;
  u16 size;
  u8 type;
  char name[];
};

FileType entry_type(u8 type) {
  switch (type) {
  case DT_REG:
    return FileType::RegularFile;
  case DT_DIR:
    return FileType::Directory;
  case DT_LNK:
    return FileType::SymbolicLink;
  case DT_CHR:
    return FileType::CharacterDevice;
  case DT_BLK:
    return FileType::BlockDevice;
  case DT_SOCK:
    return FileType::SocketStream;
  default:
    return FileType::Unknown;
  }
}

/// dirent: next u64, ino u64, name length u32, type u8; 24 bytes, and the name behind it.
void append_entry(std::string &out, const HostEntry &entry) {
  u64 next = static_cast<u64>(entry.next);
  u32 name_size = static_cast<u32>(std::strlen(entry.name));
  char head[24] = {};
  std::memcpy(head, &next, 8);
  std::memcpy(head + 8, &entry.ino, 8);
  std::memcpy(head + 16, &name_size, 4);
  head[20] = static_cast<char>(entry_type(entry.type));
  out.append(head, sizeof head);
  out.append(entry.name, name_size);
}

} // namespace

/// Cookies are the kernel's own positions: each names the place behind an entry, 0 the start. The last entry is cut
/// off where the buffer ends; a buffer that is not full means the end.
void fd_readdir(Context &c, Guest &guest, u32 fd, u32 buffer, u32 size, u64 cookie, u32 result) {
  Descriptor &d = c.descriptor(fd, rights::fd_readdir);
  std::span<u8> out = guest.bytes(buffer, size);
  guest.bytes(result, 4);
  checked([&] { return lseek(d.fd, static_cast<off_t>(cookie), SEEK_SET); });
  std::string text;
  alignas(HostEntry) char chunk[8192];
  while (text.size() < size) {
    u64 n = checked([&] { return syscall(SYS_getdents64, d.fd, chunk, sizeof chunk); });
    if (n == 0)
      break;
    for (u64 at = 0; at < n && text.size() < size;) {
      const auto *entry = reinterpret_cast<const HostEntry *>(chunk + at);
      append_entry(text, *entry);
      at += entry->size;
    }
  }
  usize used = text.size() < size ? text.size() : size;
  std::memcpy(out.data(), text.data(), used);
  guest.write<u32>(result, static_cast<u32>(used));
}

} // namespace trapeze::wasi
