// proc(5): /proc/self/status, line TracerPid. tools/perf/Documentation/jit-interface.txt in Linux: the name of the map.
#include "os/process.hh"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace trapeze::os {

u64 process_id() { return static_cast<u64>(getpid()); }

bool is_traced() {
  int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return false;
  char text[2048];
  ssize_t size = read(file, text, sizeof text - 1);
  close(file);
  text[size < 0 ? 0 : size] = '\0';
  const char *line = std::strstr(text, "\nTracerPid:");
  return line != nullptr && std::strtol(line + sizeof "\nTracerPid:" - 1, nullptr, 10) != 0;
}

int create_perf_map() {
  char path[64];
  std::snprintf(path, sizeof path, "/tmp/perf-%d.map", static_cast<int>(getpid()));
  if (unlink(path) != 0 && errno != ENOENT)
    return -1;
  return open(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
}

bool append(int descriptor, const char *bytes, usize size) {
  while (size != 0) {
    ssize_t written = write(descriptor, bytes, size);
    if (written < 0 && errno != EINTR)
      return false;
    bytes += written < 0 ? 0 : written;
    size -= written < 0 ? 0 : static_cast<usize>(written);
  }
  return true;
}

} // namespace trapeze::os
