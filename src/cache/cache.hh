// Compiled modules kept in a folder, so that a module is compiled once.
//
// Problem: many processes read and write the folder at once; any may be killed at any moment, and the disk may be full.
// Idea: an entry is a file that appears whole or not at all (os::replace_file).
// There is no lock and no index: the folder is the truth. A file's time of modification is when it was last used, and
// whoever writes removes what was used longest ago until the folder is within its limit.
//
// Invariants
//   - A reader that has opened or mapped an entry keeps it, whoever removes its name.
//   - A file under an entry's name was complete when it was renamed. A crash of the machine may still have lost its
//     contents, so readers check the artifact's hash (image/artifact) and `drop` what fails.
//   - What a killed writer left behind is removed by a later writer, after an hour.
#pragma once

#include "base/result.hh"

#include <chrono>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trapeze::cache {

inline constexpr u64 default_limit = u64{1} << 30; ///< bytes

/// Names what is compiled and all that decides what becomes of it: 32 hexadecimal digits.
std::string key_of(std::span<const u8> module, std::string_view circumstances);
/// Of what a file holds now, which is mapped only: reading it would take several times as long as loading its entry.
/// Nothing if it is no regular file or cannot be read.
std::optional<std::string> key_of_file(const std::string &path, std::string_view circumstances);

/// `$TRAPEZE_CACHE`, else `$XDG_CACHE_HOME/trapeze`, else `$HOME/.cache/trapeze` (XDG Base Directory Specification);
/// empty if there is none of them, or the first says `off`.
std::filesystem::path default_folder();

class Cache {
public:
  explicit Cache(std::filesystem::path folder, u64 limit = default_limit) : folder_(std::move(folder)), limit_(limit) {}

  struct Entry {
    std::string key;
    u64 bytes;
    std::filesystem::file_time_type last_used;
  };

  const std::filesystem::path &folder() const { return folder_; }
  /// The file of an entry, which counts as used now; nothing if there is none.
  std::optional<std::filesystem::path> find(std::string_view key) const;
  /// Makes an entry, or replaces it, and makes room for it. On an error (Resource) the cache is as before.
  Result<void> put(std::string_view key, std::span<const u8> artifact) const;
  /// An entry that turned out to be damaged goes.
  void drop(std::string_view key) const;
  /// The one used last first. An entry that goes while they are listed is left out.
  std::vector<Entry> entries() const;
  /// Removes every entry and everything left behind; how many bytes that was.
  u64 clean() const;

private:
  std::filesystem::path path_of(std::string_view key) const;
  void make_room() const;
  void remove_leftovers(std::chrono::seconds older_than) const;

  std::filesystem::path folder_;
  u64 limit_;
};

} // namespace trapeze::cache
