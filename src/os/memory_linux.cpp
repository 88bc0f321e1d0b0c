// Linux: mmap with MAP_NORESERVE for reservations (address space is not memory), mprotect for access,
// memfd_create for shared pages. mmap(2), mprotect(2), memfd_create(2).
#include "os/memory.hh"

#include <sys/mman.h>
#include <unistd.h>

namespace trapeze::os {

u64 page_size() {
  static const u64 size = static_cast<u64>(sysconf(_SC_PAGESIZE));
  return size;
}

u8 *reserve(u64 size, u64 alignment) {
  u64 slack = alignment > page_size() ? alignment : 0;
  void *at = mmap(nullptr, size + slack, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED)
    return nullptr;
  if (slack == 0)
    return static_cast<u8 *>(at);
  u64 start = reinterpret_cast<u64>(at), aligned = round_up(start, alignment);
  if (aligned != start)
    munmap(at, aligned - start);
  if (u64 behind = start + slack - aligned)
    munmap(reinterpret_cast<void *>(aligned + size), behind);
  return reinterpret_cast<u8 *>(aligned);
}

void release(u8 *base, u64 size) { munmap(base, size); }

bool commit(u8 *base, u64 size) { return size == 0 || mprotect(base, size, PROT_READ | PROT_WRITE) == 0; }

void decommit(u8 *base, u64 size) {
  if (size != 0) // a fresh mapping drops private and file-backed pages alike
    mmap(base, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

bool protect_code(u8 *base, u64 size) { return mprotect(base, size, PROT_READ | PROT_EXEC) == 0; }
bool map_code(u8 *base, u64 size, int file, u64 offset) {
  return mmap(base, size, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, file, static_cast<off_t>(offset)) !=
         MAP_FAILED;
}
bool protect_read_only(u8 *base, u64 size) { return mprotect(base, size, PROT_READ) == 0; }

std::unique_ptr<SharedPages> SharedPages::create(u64 size) {
  size = round_up(size, page_size());
  int fd = memfd_create("trapeze-data", MFD_CLOEXEC);
  if (fd < 0)
    return nullptr;
  std::unique_ptr<SharedPages> pages(new SharedPages(fd, size));
  if (ftruncate(fd, static_cast<off_t>(size)) != 0)
    return nullptr;
  return pages;
}

SharedPages::~SharedPages() { close(fd_); }

bool SharedPages::write(u64 offset, std::span<const u8> bytes) {
  while (!bytes.empty()) {
    ssize_t written = pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written <= 0)
      return false;
    offset += static_cast<u64>(written);
    bytes = bytes.subspan(static_cast<usize>(written));
  }
  return true;
}

bool SharedPages::map_private(u8 *base) const {
  return mmap(base, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, fd_, 0) != MAP_FAILED;
}

} // namespace trapeze::os
