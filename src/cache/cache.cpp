#include "cache/cache.hh"

#include "os/file.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace trapeze::cache {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view suffix = ".tpz";
constexpr usize key_length = 32;

bool is_entry(const fs::path &file) { return file.extension() == suffix && file.stem().native().size() == key_length; }

/// The neighbour that os::replace_file writes first: the entry's name and an extension of its own.
bool is_unfinished(const fs::path &file) { return file.has_extension() && is_entry(file.stem()); }

/// Of all files of the folder; one that goes meanwhile is not visited.
template <typename Visit> void each_file(const fs::path &folder, Visit visit) {
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    visit(it->path());
}

} // namespace

std::string key_of(std::span<const u8> module, std::string_view circumstances) {
  // Two hashes side by side: no choice of one input makes it look like the other.
  const std::array<XXH128_hash_t, 2> parts{XXH3_128bits(module.data(), module.size()),
                                           XXH3_128bits(circumstances.data(), circumstances.size())};
  const XXH128_hash_t key = XXH3_128bits(parts.data(), sizeof parts);
  return fmt::format("{:016x}{:016x}", key.high64, key.low64);
}

std::optional<std::string> key_of_file(const std::string &path, std::string_view circumstances) {
  const auto file = os::MappedFile::open(path);
  return file ? std::optional(key_of((*file)->bytes(), circumstances)) : std::nullopt;
}

fs::path default_folder() {
  auto variable = [](const char *name) {
    const char *value = std::getenv(name);
    return fs::path(value ? value : "");
  };
  if (fs::path own = variable("TRAPEZE_CACHE"); !own.empty())
    return own == "off" ? fs::path() : own;
  // The specification has relative paths ignored.
  if (fs::path caches = variable("XDG_CACHE_HOME"); caches.is_absolute())
    return caches / "trapeze";
  const fs::path home = variable("HOME");
  return home.empty() ? fs::path() : home / ".cache" / "trapeze";
}

fs::path Cache::path_of(std::string_view key) const { return folder_ / fmt::format("{}{}", key, suffix); }

std::optional<fs::path> Cache::find(std::string_view key) const {
  fs::path path = path_of(key);
  std::error_code error;
  fs::last_write_time(path, fs::file_time_type::clock::now(), error);
  // In a folder that may only be read the entry is as good, but does not know that it was used.
  if (error && !fs::exists(path, error))
    return std::nullopt;
  return path;
}

Result<void> Cache::put(std::string_view key, std::span<const u8> artifact) const {
  if (artifact.size() > limit_)
    return fail(ErrorKind::Resource, 0, "the compiled module is larger than the cache may be");
  std::error_code error;
  if (fs::create_directories(folder_, error)) // what lies in it is run: nobody else may write there
    fs::permissions(folder_, fs::perms::owner_all, error);
  if (error)
    return fail(ErrorKind::Resource, 0, fmt::format("cannot make {}: {}", folder_.native(), error.message()));
  TRY(os::replace_file(path_of(key), artifact));
  make_room();
  return {};
}

void Cache::drop(std::string_view key) const {
  std::error_code gone_already;
  fs::remove(path_of(key), gone_already);
}

std::vector<Cache::Entry> Cache::entries() const {
  std::vector<Entry> out;
  each_file(folder_, [&](const fs::path &file) {
    std::error_code gone;
    const u64 bytes = is_entry(file) ? fs::file_size(file, gone) : 0;
    const fs::file_time_type used = is_entry(file) && !gone ? fs::last_write_time(file, gone) : fs::file_time_type();
    if (is_entry(file) && !gone)
      out.push_back({file.stem().native(), bytes, used});
  });
  std::ranges::sort(out, [](const Entry &x, const Entry &y) {
    return x.last_used != y.last_used ? x.last_used > y.last_used : x.key < y.key;
  });
  return out;
}

void Cache::make_room() const {
  remove_leftovers(std::chrono::hours(1));
  u64 sum = 0;
  for (const Entry &entry : entries())
    if (sum += entry.bytes; sum > limit_)
      drop(entry.key);
}

void Cache::remove_leftovers(std::chrono::seconds older_than) const {
  const fs::file_time_type limit = fs::file_time_type::clock::now() - older_than;
  each_file(folder_, [&](const fs::path &file) {
    std::error_code gone;
    if (is_unfinished(file) && fs::last_write_time(file, gone) <= limit && !gone)
      fs::remove(file, gone);
  });
}

u64 Cache::clean() const {
  u64 bytes = 0;
  for (const Entry &entry : entries()) {
    bytes += entry.bytes;
    drop(entry.key);
  }
  remove_leftovers(std::chrono::seconds(0));
  return bytes;
}

} // namespace trapeze::cache
