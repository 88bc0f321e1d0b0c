#include "wasi/context.hh"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace trapeze::wasi {

FileType file_type(mode_t mode, int fd) {
  switch (mode & S_IFMT) {
  case S_IFREG:
    return FileType::RegularFile;
  case S_IFDIR:
    return FileType::Directory;
  case S_IFCHR:
    return FileType::CharacterDevice;
  case S_IFBLK:
    return FileType::BlockDevice;
  case S_IFLNK:
    return FileType::SymbolicLink;
  case S_IFSOCK: {
    int kind = 0;
    socklen_t size = sizeof kind;
    bool datagram = fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &size) == 0 && kind == SOCK_DGRAM;
    return datagram ? FileType::SocketDgram : FileType::SocketStream;
  }
  default:
    return FileType::Unknown;
  }
}

u64 rights_of(FileType type) {
  switch (type) {
  case FileType::Directory:
    return rights::directory;
  case FileType::RegularFile:
  case FileType::BlockDevice:
    return rights::file;
  case FileType::SocketDgram:
  case FileType::SocketStream:
    return rights::socket;
  default:
    return rights::stream;
  }
}

namespace {

Descriptor standard_stream(int fd) {
  Descriptor d;
  d.fd = fd;
  struct stat st{};
  if (fstat(fd, &st) == 0)
    d.type = file_type(st.st_mode, fd);
  d.base = rights_of(d.type);
  // A character device without positions is what C libraries take for a terminal.
  if (d.type == FileType::CharacterDevice && !isatty(fd))
    d.base |= rights::fd_seek | rights::fd_tell;
  int mode = fcntl(fd, F_GETFL) & O_ACCMODE;
  if (mode == O_RDONLY)
    d.base &= ~u64{rights::fd_write};
  if (mode == O_WRONLY)
    d.base &= ~u64{rights::fd_read};
  return d;
}

Descriptor preopened_directory(const Preopen &preopen) {
  Descriptor d;
  d.owned = OwnedFd(open(preopen.host.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!d.owned)
    throw Error(ErrorKind::Resource, "cannot open directory `" + preopen.host + "`: " + std::strerror(errno));
  d.fd = d.owned.get();
  d.type = FileType::Directory;
  d.base = rights::directory;
  d.inheriting = rights::all;
  d.preopen = preopen.guest;
  return d;
}

void check_text(const std::string &text, const char *what) {
  if (text.find('\0') != std::string::npos)
    throw Error(ErrorKind::Usage, std::string(what) + " contains a zero byte");
}

} // namespace

Context::Context(const Options &options) : args_(options.args), env_(options.env) {
  for (const std::string &arg : args_)
    check_text(arg, "argument");
  for (const std::string &entry : env_)
    check_text(entry, "environment entry");
  for (int fd : {options.standard_input, options.standard_output, options.standard_error})
    table_.emplace_back(fd >= 0 && fcntl(fd, F_GETFD) >= 0 ? std::optional(standard_stream(fd)) : std::nullopt);
  for (const Preopen &preopen : options.preopens)
    table_.emplace_back(preopened_directory(preopen));
}

Descriptor &Context::descriptor(u32 fd, u64 needed) {
  if (fd >= table_.size() || !table_[fd])
    throw Failure{Errno::BadF};
  Descriptor &d = *table_[fd];
  if (needed & ~d.base)
    throw Failure{Errno::NotCapable};
  return d;
}

u32 Context::add(Descriptor descriptor) {
  // The standard streams' numbers are not given out again: programs rely on what they mean.
  for (u32 i = 3; i < table_.size(); ++i)
    if (!table_[i]) {
      table_[i].emplace(std::move(descriptor));
      return i;
    }
  while (table_.size() < 3)
    table_.emplace_back();
  table_.emplace_back(std::move(descriptor));
  return static_cast<u32>(table_.size() - 1);
}

void Context::remove(u32 fd) {
  descriptor(fd);
  table_[fd].reset();
}

void Context::renumber(u32 from, u32 to) {
  descriptor(from);
  descriptor(to);
  if (from == to)
    return;
  table_[to] = std::move(table_[from]);
  table_[from].reset();
}

Memory Context::memory_of(Caller &caller) {
  Instance instance = caller.instance();
  if (!instance)
    return {};
  if (!(instance == last_caller_)) {
    last_memory_ = instance.find("memory").memory();
    last_caller_ = instance;
  }
  return last_memory_;
}

} // namespace trapeze::wasi
