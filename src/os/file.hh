// Whole files: mapped to be read in place, or replaced at once, so that no reader ever sees half of one.
#pragma once

#include "base/result.hh"

#include <memory>
#include <span>
#include <string>

namespace trapeze::os {

/// A regular file, mapped read-only. Closing the descriptor leaves the mapping.
class MappedFile {
public:
  static Result<std::shared_ptr<MappedFile>> open(const std::string &path);
  ~MappedFile();
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  std::span<const u8> bytes() const { return bytes_; }
  int descriptor() const { return descriptor_; } ///< -1: closed
  void close_descriptor();

private:
  MappedFile(int descriptor, std::span<const u8> bytes) : descriptor_(descriptor), bytes_(bytes) {}
  int descriptor_;
  std::span<const u8> bytes_;
};

/// Writes a neighbour and renames it: the old file or the new one, never a part. What maps the old one keeps it.
Result<void> replace_file(const std::string &path, std::span<const u8> bytes);

} // namespace trapeze::os
