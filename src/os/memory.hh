// Address space and pages: reserve without access, give access, take it away, and change protection. Code pages
// are writable or executable, never both: they are committed, written, then turned by protect_code.
#pragma once

#include "base/types.hh"

#include <memory>
#include <span>

namespace trapeze::os {

u64 page_size();
inline u64 round_up(u64 value, u64 alignment) { return (value + alignment - 1) & ~(alignment - 1); }

/// Address space without access, aligned to `alignment` (a power of two, >= page size). Null: refused.
u8 *reserve(u64 size, u64 alignment = 0);
void release(u8 *base, u64 size);

/// Readable and writable, zero where it was not committed before. Page-aligned.
bool commit(u8 *base, u64 size);
/// Contents are dropped, access is taken away; the address space stays reserved.
void decommit(u8 *base, u64 size);

bool protect_code(u8 *base, u64 size);
/// Pages of a file, readable and executable, over reserved ones at `base`; what others write to the file may show.
bool map_code(u8 *base, u64 size, int file, u64 offset);
bool protect_read_only(u8 *base, u64 size);

/// Anonymous file with given contents, to be mapped privately any number of times.
class SharedPages {
public:
  /// Null: the system refused.
  static std::unique_ptr<SharedPages> create(u64 size);
  ~SharedPages();
  SharedPages(const SharedPages &) = delete;
  SharedPages &operator=(const SharedPages &) = delete;

  u64 size() const { return size_; } ///< a multiple of the page size
  bool write(u64 offset, std::span<const u8> bytes);
  /// Copy-on-write over committed pages at `base`, which keep their access.
  bool map_private(u8 *base) const;

private:
  SharedPages(int fd, u64 size) : fd_(fd), size_(size) {}
  int fd_;
  u64 size_;
};

} // namespace trapeze::os
