// open(2), mmap(2), mkostemp(3), rename(2).
#include "os/file.hh"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace trapeze::os {

namespace {

std::unexpected<Error> failed(const char *what, const std::string &path) {
  return fail(ErrorKind::Resource, 0, std::string("cannot ") + what + " " + path + ": " + std::strerror(errno));
}

bool write_all(int file, std::span<const u8> bytes) {
  while (!bytes.empty()) {
    ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return false;
    bytes = bytes.subspan(static_cast<usize>(written));
  }
  return true;
}

} // namespace

Result<std::shared_ptr<MappedFile>> MappedFile::open(const std::string &path) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat about;
  if (file < 0)
    return failed("read", path);
  if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
    ::close(file);
    return fail(ErrorKind::Resource, 0, "cannot map " + path + ": not a regular file");
  }
  u64 size = static_cast<u64>(about.st_size);
  void *at = size == 0 ? nullptr : mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  if (at == MAP_FAILED) {
    auto error = failed("map", path);
    ::close(file);
    return error;
  }
  return std::shared_ptr<MappedFile>(new MappedFile(file, {static_cast<const u8 *>(at), size}));
}

void MappedFile::close_descriptor() {
  if (descriptor_ >= 0)
    ::close(descriptor_);
  descriptor_ = -1;
}

MappedFile::~MappedFile() {
  close_descriptor();
  if (!bytes_.empty())
    munmap(const_cast<u8 *>(bytes_.data()), bytes_.size());
}

namespace {

/// What would end this thread's process waits as long as this lives: ^C leaves no file behind.
class SignalsWait {
public:
  SignalsWait() {
    sigset_t ending;
    sigemptyset(&ending);
    for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT})
      sigaddset(&ending, signal);
    pthread_sigmask(SIG_BLOCK, &ending, &before_);
  }
  ~SignalsWait() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsWait(const SignalsWait &) = delete;
  SignalsWait &operator=(const SignalsWait &) = delete;

private:
  sigset_t before_;
};

} // namespace

Result<void> replace_file(const std::string &path, std::span<const u8> bytes) {
  SignalsWait until_it_is_whole;
  std::string neighbour = path + ".XXXXXX";
  int file = mkostemp(neighbour.data(), O_CLOEXEC);
  if (file < 0)
    return failed("write", path);
  mode_t mask = umask(0);
  umask(mask);
  bool is_written = write_all(file, bytes) && fchmod(file, 0666 & ~mask) == 0;
  is_written = ::close(file) == 0 && is_written;
  if (is_written && rename(neighbour.c_str(), path.c_str()) == 0)
    return {};
  auto error = failed("write", path);
  unlink(neighbour.c_str());
  return error;
}

} // namespace trapeze::os
