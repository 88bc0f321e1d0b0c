#include "wasi/resolve.hh"

#include <cerrno>
#include <cstdint>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace trapeze::wasi {

OwnedFd::~OwnedFd() {
  if (fd_ >= 0)
    close(fd_);
}

namespace {

constexpr unsigned max_links = 40; // as Linux

int sys_openat2(int directory, const char *path, int flags, mode_t mode) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
  how.mode = flags & O_CREAT ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(syscall(SYS_openat2, directory, path, &how, sizeof how));
}

OwnedFd kernel_open(int directory, const std::string &path, int flags, mode_t mode) {
  // EAGAIN: something was renamed while a `..` was resolved, and the kernel could not be sure. Try again, not for ever.
  for (int attempt = 0;; ++attempt) {
    int fd = sys_openat2(directory, path.c_str(), flags, mode);
    if (fd >= 0)
      return OwnedFd(fd);
    if (errno == EINTR || (errno == EAGAIN && attempt < 64 && !(flags & O_NONBLOCK)))
      continue;
    throw Failure{errno == EXDEV ? Errno::Perm : last_error()};
  }
}

std::string read_link(int fd) {
  std::string target(4096, '\0');
  ssize_t n = readlinkat(fd, "", target.data(), target.size());
  if (n < 0)
    throw Failure{last_error()};
  target.resize(static_cast<std::size_t>(n));
  return target;
}

bool is_link(int fd) {
  struct stat st{};
  return fstat(fd, &st) == 0 && S_ISLNK(st.st_mode);
}

/// The resolution by hand. `pending` is what is left of the path, `open` the directories above the current one.
class Walk {
public:
  Walk(int root, const std::string &path) : root_(root) { prepend(path); }

  /// Resolves all but the last component; afterwards `name` is that, not followed.
  void to_last() {
    while (true) {
      std::string component = next();
      if (pending_.empty()) {
        name_ = std::move(component);
        return;
      }
      enter(component);
    }
  }

  /// Opens the last component. A link there is expanded, unless O_NOFOLLOW asks not to.
  OwnedFd open_last(int flags, mode_t mode) {
    while (true) {
      to_last();
      if (name_ == "." || name_ == "..") {
        enter(name_);
        return reopen(flags);
      }
      bool follow = !(flags & O_NOFOLLOW) || trailing_slash_;
      int type = trailing_slash_ ? O_DIRECTORY : 0;
      if (trailing_slash_ && (flags & O_CREAT) && !(flags & O_DIRECTORY))
        throw Failure{Errno::IsDir};
      // A link is looked for first: with O_CREAT an open would otherwise make its target.
      OwnedFd probe(openat(current(), name_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
      if (probe && is_link(probe.get()) && follow && !((flags & O_CREAT) && (flags & O_EXCL))) {
        bool slash = trailing_slash_;
        count_link();
        prepend(read_link(probe.get()));
        trailing_slash_ = trailing_slash_ || slash;
        continue;
      }
      // O_NOFOLLOW holds whatever has become of the entry since the probe; a link that appeared is ELOOP.
      int fd = openat(current(), name_.c_str(), flags | type | O_NOFOLLOW | O_CLOEXEC, mode);
      if (fd < 0)
        throw Failure{last_error()};
      return OwnedFd(fd);
    }
  }

  OwnedFd take_directory() {
    int fd = fcntl(current(), F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
      throw Failure{last_error()};
    return OwnedFd(fd);
  }
  const std::string &name() const { return name_; }
  bool trailing_slash() const { return trailing_slash_; }

private:
  int current() const { return open_.empty() ? root_ : open_.back().get(); }

  void prepend(const std::string &path) {
    if (path.empty())
      throw Failure{Errno::NoEnt};
    if (path.front() == '/')
      throw Failure{Errno::Perm};
    if (pending_.empty())
      trailing_slash_ = path.back() == '/';
    std::vector<std::string> parts;
    std::string_view rest = path;
    while (!rest.empty()) {
      std::size_t slash = rest.find('/');
      if (slash != 0)
        parts.emplace_back(rest.substr(0, slash));
      rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    }
    pending_.insert(pending_.end(), parts.rbegin(), parts.rend());
  }

  std::string next() {
    std::string component = std::move(pending_.back());
    pending_.pop_back();
    return component;
  }

  void count_link() {
    if (++links_ > max_links)
      throw Failure{Errno::Loop};
  }

  void enter(const std::string &component) {
    if (component == ".")
      return;
    if (component == "..") {
      if (open_.empty())
        throw Failure{Errno::Perm};
      open_.pop_back();
      return;
    }
    OwnedFd fd(openat(current(), component.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!fd)
      throw Failure{last_error()};
    struct stat st{};
    if (fstat(fd.get(), &st) != 0)
      throw Failure{last_error()};
    if (S_ISLNK(st.st_mode)) {
      count_link();
      prepend(read_link(fd.get())); // more follows: only a last component's slash counts
    } else if (S_ISDIR(st.st_mode)) {
      open_.push_back(std::move(fd));
    } else {
      throw Failure{Errno::NotDir};
    }
  }

  OwnedFd reopen(int flags) {
    if (flags & O_CREAT)
      throw Failure{flags & O_EXCL ? Errno::Exist : Errno::IsDir};
    int fd = openat(current(), ".", (flags & ~O_NOFOLLOW) | O_CLOEXEC);
    if (fd < 0)
      throw Failure{last_error()};
    return OwnedFd(fd);
  }

  int root_;
  std::vector<OwnedFd> open_;
  std::vector<std::string> pending_; ///< the next component last
  std::string name_;
  unsigned links_ = 0;
  bool trailing_slash_ = false;
};

} // namespace

Resolver default_resolver() {
  static const Resolver found = [] {
    OwnedFd fd(sys_openat2(AT_FDCWD, ".", O_PATH | O_DIRECTORY, 0));
    return fd || (errno != ENOSYS && errno != EPERM && errno != EINVAL) ? Resolver::Kernel : Resolver::Walk;
  }();
  return found;
}

OwnedFd open_beneath(Resolver resolver, int directory, const std::string &path, int flags, mode_t mode) {
  if (resolver == Resolver::Kernel)
    return kernel_open(directory, path, flags, mode);
  return Walk(directory, path).open_last(flags, mode);
}

Entry entry_beneath(Resolver resolver, int directory, const std::string &path) {
  Entry entry;
  if (resolver == Resolver::Walk) {
    Walk walk(directory, path);
    walk.to_last();
    entry.directory = walk.take_directory();
    entry.name = walk.name();
    entry.must_be_directory = walk.trailing_slash();
  } else {
    if (path.empty())
      throw Failure{Errno::NoEnt};
    std::size_t end = path.find_last_not_of('/');
    if (path.front() == '/' || end == std::string::npos)
      throw Failure{Errno::Perm};
    std::size_t slash = path.find_last_of('/', end);
    std::string parent = slash == std::string::npos ? "." : path.substr(0, slash);
    entry.directory = kernel_open(directory, parent, O_PATH | O_DIRECTORY, 0);
    entry.name =
        path.substr(slash == std::string::npos ? 0 : slash + 1, end - (slash == std::string::npos ? 0 : slash + 1) + 1);
    entry.must_be_directory = end + 1 != path.size();
  }
  // `..` as the entry itself names something above, perhaps outside: no operation on entries may take it.
  if (entry.name == "..")
    throw Failure{Errno::Perm};
  return entry;
}

} // namespace trapeze::wasi
