// The folder of compiled modules: what is put is found, whole; what is used longest ago goes; failures change nothing.
#include "cache/cache.hh"

#include <doctest/doctest.h>

#include <csignal>
#include <fstream>
#include <thread>

#include <sys/resource.h>
#include <unistd.h>

using namespace trapeze;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path = fs::temp_directory_path() / ("trapeze-cache-test-" + std::to_string(getpid()));
  Folder() { fs::remove_all(path); }
  ~Folder() { fs::remove_all(path); }
};

std::vector<u8> contents(u8 byte, usize size) { return std::vector<u8>(size, byte); }

std::vector<u8> read(const fs::path &path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string key(u8 n) { return cache::key_of({&n, 1}, "test"); }

void use_at(const cache::Cache &cache, const std::string &key, int hours_ago) {
  fs::last_write_time(cache.folder() / (key + ".tpz"),
                      fs::file_time_type::clock::now() - std::chrono::hours(hours_ago));
}

} // namespace

TEST_CASE("a key depends on the module and on the circumstances") {
  const u8 a[] = {1, 2}, b[] = {1, 3};
  CHECK(cache::key_of(a, "x") == cache::key_of(a, "x"));
  CHECK(cache::key_of(a, "x") != cache::key_of(b, "x"));
  CHECK(cache::key_of(a, "x") != cache::key_of(a, "y"));
  CHECK(cache::key_of({a, 1}, "\2x") != cache::key_of(a, "x"));
  CHECK(cache::key_of(a, "x").size() == 32);
}

TEST_CASE("what is put is found, what is put again replaces it, what is dropped is gone") {
  Folder folder;
  cache::Cache cache(folder.path / "made" / "at need");
  CHECK(!cache.find(key(1)));
  CHECK(cache.entries().empty());
  REQUIRE(cache.put(key(1), contents(1, 100)));
  REQUIRE(cache.put(key(1), contents(2, 200)));
  REQUIRE(cache.find(key(1)));
  CHECK(read(*cache.find(key(1))) == contents(2, 200));
  CHECK(cache.entries().size() == 1);
  cache.drop(key(1));
  CHECK(!cache.find(key(1)));
  cache.drop(key(1));
}

TEST_CASE("beyond the limit the entries that were used longest ago go") {
  Folder folder;
  cache::Cache cache(folder.path, 250);
  REQUIRE(cache.put(key(1), contents(1, 100)));
  REQUIRE(cache.put(key(2), contents(2, 100)));
  use_at(cache, key(1), 3);
  use_at(cache, key(2), 2);
  REQUIRE(cache.find(key(1))); // used now
  REQUIRE(cache.put(key(3), contents(3, 100)));
  CHECK(cache.find(key(1)));
  CHECK(!cache.find(key(2)));
  CHECK(cache.find(key(3)));
  CHECK(!cache.put(key(4), contents(4, 251)));
  CHECK(cache.entries().size() == 2);
}

TEST_CASE("leftovers of killed writers go after an hour, other files never; clean removes entries and leftovers") {
  Folder folder;
  cache::Cache cache(folder.path);
  REQUIRE(cache.put(key(1), contents(1, 10)));
  const fs::path old = folder.path / (key(3) + ".tpz.aBc123"), recent = folder.path / (key(3) + ".tpz.dEf456"),
                 other = folder.path / "notes.txt";
  for (const fs::path &file : {old, recent, other})
    std::ofstream(file) << "x";
  fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::hours(2));
  REQUIRE(cache.put(key(2), contents(2, 10)));
  CHECK(!fs::exists(old));
  CHECK(fs::exists(recent));
  CHECK(cache.clean() == 20);
  CHECK(cache.entries().empty());
  CHECK(!fs::exists(recent));
  CHECK(fs::exists(other));
}

TEST_CASE("a disk without room: an error, and the cache as it was") {
  Folder folder;
  cache::Cache cache(folder.path);
  REQUIRE(cache.put(key(1), contents(1, 100)));
  // What stands in for the full disk: no file of this process may be larger.
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{1000, before.rlim_max};
  auto *handler = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  auto put = cache.put(key(2), contents(2, 100'000));
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  REQUIRE(!put);
  CHECK(put.error().kind == ErrorKind::Resource);
  CHECK(!cache.find(key(2)));
  CHECK(cache.find(key(1)));
  CHECK(std::distance(fs::directory_iterator(folder.path), {}) == 1);
}

TEST_CASE("a folder that cannot be made is an error") {
  Folder folder;
  fs::create_directories(folder.path);
  std::ofstream(folder.path / "file") << "x";
  cache::Cache cache(folder.path / "file");
  CHECK(!cache.put(key(1), contents(1, 1)));
  CHECK(!cache.find(key(1)));
  CHECK(cache.clean() == 0);
}

TEST_CASE("many writers and readers: an entry is whole whenever it is there") {
  Folder folder;
  cache::Cache cache(folder.path, 5000);
  std::vector<std::thread> threads;
  std::atomic<int> torn{0}, found{0};
  for (u8 t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (u32 i = 0; i < 200; ++i) {
        const u8 n = static_cast<u8>((i + t) % 8);
        if (auto path = cache.find(key(n))) {
          std::vector<u8> seen = read(*path); // empty: evicted between the two
          found += !seen.empty();
          torn += !seen.empty() && seen != contents(n, 1000);
        }
        (void)cache.put(key(n), contents(n, 1000));
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  CHECK(torn == 0);
  CHECK(found > 0);
  CHECK(cache.entries().size() <= 5);
}
