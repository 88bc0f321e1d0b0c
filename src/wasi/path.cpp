// Operations on paths. Each resolves below its directory descriptor (resolve.hh) and then works on descriptors and
// single components only.
#include "wasi/functions.hh"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace trapeze::wasi {

namespace {

void check(int result) {
  if (result != 0)
    throw Failure{last_error()};
}

/// The mode bits of an entry, not followed; 0 if there is none.
mode_t mode_of(const Entry &entry) {
  struct stat st{};
  return fstatat(entry.directory.get(), entry.name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_mode : 0;
}

Entry entry(Context &c, Guest &guest, u32 fd, u64 needed, u32 path, u32 size) {
  Descriptor &d = c.descriptor(fd, needed);
  return entry_beneath(c.resolver(), d.fd, guest.path(path, size));
}

/// What the rights asked for mean to open(2).
int access_mode(u64 base, bool is_directory) {
  if (is_directory)
    return O_RDONLY;
  bool reads = base & (rights::fd_read | rights::fd_readdir);
  bool writes = base & (rights::fd_write | rights::fd_datasync | rights::fd_allocate | rights::fd_filestat_set_size);
  return writes ? (reads ? O_RDWR : O_WRONLY) : O_RDONLY;
}

u64 rights_to_open(u32 open_flags, u32 fd_flags) {
  u64 needed = rights::path_open;
  if (open_flags & oflags::creat)
    needed |= rights::path_create_file;
  if (open_flags & oflags::trunc)
    needed |= rights::path_filestat_set_size;
  if (fd_flags & (fdflags::sync | fdflags::rsync))
    needed |= rights::fd_sync;
  return needed;
}

int host_open_flags(u32 open_flags) {
  int flags = 0;
  if (open_flags & oflags::creat)
    flags |= O_CREAT;
  if (open_flags & oflags::directory)
    flags |= O_DIRECTORY;
  if (open_flags & oflags::excl)
    flags |= O_EXCL;
  if (open_flags & oflags::trunc)
    flags |= O_TRUNC;
  return flags;
}

} // namespace

void publish(Context &c, Guest &guest, Descriptor descriptor, u32 result) {
  guest.bytes(result, 4);
  guest.write<u32>(result, c.add(std::move(descriptor)));
}

void path_open(Context &c, Guest &guest, u32 fd, u32 flags, u32 path, u32 size, u32 open_flags, u64 base,
               u64 inheriting, u32 fd_flags, u32 result) {
  Descriptor &directory = c.descriptor(fd, rights_to_open(open_flags, fd_flags));
  guest.bytes(result, 4);
  base &= rights::all;
  inheriting &= rights::all;
  if ((base & ~directory.inheriting) || (inheriting & ~directory.inheriting))
    throw Failure{Errno::NotCapable};
  bool wants_directory = open_flags & oflags::directory;
  if (wants_directory && (open_flags & (oflags::creat | oflags::trunc)))
    throw Failure{Errno::Inval};
  int host_flags = access_mode(base, wants_directory) | host_open_flags(open_flags) |
                   status_flags_of(static_cast<u16>(fd_flags)) | O_NOCTTY;
  if (open_flags & oflags::trunc && (host_flags & O_ACCMODE) == O_RDONLY)
    host_flags = (host_flags & ~O_ACCMODE) | O_RDWR;
  if (!(flags & lookupflags::symlink_follow))
    host_flags |= O_NOFOLLOW;

  Descriptor d;
  d.owned = open_beneath(c.resolver(), directory.fd, guest.path(path, size), host_flags, 0666);
  d.fd = d.owned.get();
  struct stat st{};
  check(fstat(d.fd, &st));
  d.type = file_type(st.st_mode, d.fd);
  d.base = base & rights_of(d.type);
  d.inheriting = d.type == FileType::Directory ? inheriting : inheriting & rights_of(d.type);
  d.sync_flags = static_cast<u16>(fd_flags & (fdflags::sync | fdflags::rsync | fdflags::dsync));
  publish(c, guest, std::move(d), result);
}

void path_create_directory(Context &c, Guest &guest, u32 fd, u32 path, u32 size) {
  Entry e = entry(c, guest, fd, rights::path_create_directory, path, size);
  check(mkdirat(e.directory.get(), e.name.c_str(), 0777));
}

void path_remove_directory(Context &c, Guest &guest, u32 fd, u32 path, u32 size) {
  Entry e = entry(c, guest, fd, rights::path_remove_directory, path, size);
  check(unlinkat(e.directory.get(), e.name.c_str(), AT_REMOVEDIR));
}

void path_unlink_file(Context &c, Guest &guest, u32 fd, u32 path, u32 size) {
  Entry e = entry(c, guest, fd, rights::path_unlink_file, path, size);
  if (mode_t mode = mode_of(e); S_ISDIR(mode))
    throw Failure{Errno::IsDir};
  else if (e.must_be_directory && mode != 0)
    throw Failure{Errno::NotDir};
  check(unlinkat(e.directory.get(), e.name.c_str(), 0));
}

void path_rename(Context &c, Guest &guest, u32 old_fd, u32 old_path, u32 old_size, u32 new_fd, u32 new_path,
                 u32 new_size) {
  Entry from = entry(c, guest, old_fd, rights::path_rename_source, old_path, old_size);
  Entry to = entry(c, guest, new_fd, rights::path_rename_target, new_path, new_size);
  if (mode_t mode = mode_of(from); mode != 0 && !S_ISDIR(mode) && (from.must_be_directory || to.must_be_directory))
    throw Failure{Errno::NotDir};
  check(renameat(from.directory.get(), from.name.c_str(), to.directory.get(), to.name.c_str()));
}

void path_link(Context &c, Guest &guest, u32 old_fd, u32 old_flags, u32 old_path, u32 old_size, u32 new_fd,
               u32 new_path, u32 new_size) {
  if (old_flags & lookupflags::symlink_follow)
    throw Failure{Errno::Inval};
  Entry from = entry(c, guest, old_fd, rights::path_link_source, old_path, old_size);
  Entry to = entry(c, guest, new_fd, rights::path_link_target, new_path, new_size);
  if (from.must_be_directory && !S_ISDIR(mode_of(from)))
    throw Failure{mode_of(from) ? Errno::NotDir : Errno::NoEnt};
  if (to.must_be_directory)
    throw Failure{Errno::NoEnt};
  check(linkat(from.directory.get(), from.name.c_str(), to.directory.get(), to.name.c_str(), 0));
}

/// A link may be relative to anywhere: it is resolution that refuses to leave. An absolute one could only ever mean
/// something to the host, so it is not made.
void path_symlink(Context &c, Guest &guest, u32 target, u32 target_size, u32 fd, u32 path, u32 size) {
  std::string text = guest.path(target, target_size);
  Entry e = entry(c, guest, fd, rights::path_symlink, path, size);
  if (!text.empty() && text.front() == '/')
    throw Failure{Errno::Perm};
  if (e.must_be_directory)
    throw Failure{mode_of(e) ? Errno::Exist : Errno::NoEnt};
  check(symlinkat(text.c_str(), e.directory.get(), e.name.c_str()));
}

void path_readlink(Context &c, Guest &guest, u32 fd, u32 path, u32 size, u32 buffer, u32 buffer_size, u32 result) {
  Entry e = entry(c, guest, fd, rights::path_readlink, path, size);
  std::span<u8> out = guest.bytes(buffer, buffer_size);
  guest.bytes(result, 4);
  if (e.must_be_directory)
    throw Failure{mode_of(e) ? Errno::Inval : Errno::NoEnt};
  char text[4096];
  ssize_t n = readlinkat(e.directory.get(), e.name.c_str(), text, sizeof text);
  if (n < 0)
    throw Failure{last_error()};
  usize used = std::min(static_cast<usize>(n), out.size());
  std::memcpy(out.data(), text, used);
  guest.write<u32>(result, static_cast<u32>(used));
}

} // namespace trapeze::wasi
