// posix_spawnp(3), sigwaitinfo(2), mkdtemp(3).
#include "os/child.hh"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <spawn.h>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

namespace trapeze::os {

namespace {

constexpr int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

sigset_t set_of_ending() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : ending)
    sigaddset(&set, signal);
  return set;
}

std::unexpected<Error> failed(const std::string &what, int code) {
  return fail(ErrorKind::Resource, 0, what + ": " + std::strerror(code));
}

/// Starts the child with no signal blocked.
Result<pid_t> spawn(const std::vector<std::string> &arguments) {
  std::vector<char *> argv;
  for (const std::string &argument : arguments)
    argv.push_back(const_cast<char *>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t child = 0;
  const int code = posix_spawnp(&child, argv[0], nullptr, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  if (code != 0)
    return failed("cannot run " + arguments[0], code);
  return child;
}

} // namespace

EndingWaits::EndingWaits() {
  const sigset_t set = set_of_ending();
  sigset_t before;
  sigprocmask(SIG_BLOCK, &set, &before);
  was_waiting_ = sigismember(&before, SIGINT) == 1;
}

EndingWaits::~EndingWaits() {
  const sigset_t set = set_of_ending();
  if (!was_waiting_)
    sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

Result<int> run_child(const std::vector<std::string> &arguments) {
  sigset_t awaited = set_of_ending(), before;
  sigaddset(&awaited, SIGCHLD);
  sigprocmask(SIG_BLOCK, &awaited, &before);      // SIGCHLD: before there is a child
  const auto old = std::signal(SIGCHLD, SIG_DFL); // if it was ignored, nobody could wait for the child
  const Result<pid_t> child = spawn(arguments);
  int status = 0, ended_by = 0;
  while (child && waitpid(*child, &status, WNOHANG) == 0)
    if (const int signal = sigwaitinfo(&awaited, nullptr); signal > 0 && signal != SIGCHLD) {
      kill(*child, signal); // a second time if the terminal sent it to both
      ended_by = signal;
    }
  std::signal(SIGCHLD, old);
  if (ended_by != 0)
    raise(ended_by); // waits for the EndingWaits
  sigprocmask(SIG_SETMASK, &before, nullptr);
  if (!child)
    return std::unexpected(child.error());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool is_program(const std::string &name) {
  if (name.find('/') != std::string::npos)
    return access(name.c_str(), X_OK) == 0;
  const char *path = std::getenv("PATH");
  for (std::string_view rest = path != nullptr ? path : "/usr/bin:/bin"; !rest.empty();) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(folder.size() + 1, rest.size()));
    if (access((std::string(folder) + "/" + name).c_str(), X_OK) == 0)
      return true;
  }
  return false;
}

Result<TemporaryFolder> TemporaryFolder::make() {
  const char *base = std::getenv("TMPDIR");
  std::string path = std::string(base != nullptr && *base != '\0' ? base : "/tmp") + "/trapeze-XXXXXX";
  if (mkdtemp(path.data()) == nullptr)
    return failed("cannot make a temporary folder " + path, errno);
  return TemporaryFolder(std::move(path));
}

Result<TemporaryFolder> TemporaryFolder::make_beside(const std::string &file) {
  std::string path = file + ".XXXXXX";
  if (mkdtemp(path.data()) == nullptr)
    return failed("cannot write " + file, errno);
  return TemporaryFolder(std::move(path));
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty())
    std::filesystem::remove_all(path_, ignored);
}

} // namespace trapeze::os
