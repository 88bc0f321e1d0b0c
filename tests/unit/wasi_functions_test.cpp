// Every preview 1 function called by a guest. The guest is generated: it imports all functions and exports each again,
// so that the memory the functions see is a guest's, and the test reads and writes it from outside.
#include "trapeze/wasi.hh"

#include "wasi/abi.hh"

#include <doctest/doctest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include <fcntl.h>
#include <unistd.h>

using namespace trapeze;
using wasi::Errno;
namespace fs = std::filesystem;
namespace rights = wasi::rights;

namespace {

constexpr const char *names[] = {
#define WASI(name) #name,
#include "wasi/functions.def"
};

std::string guest_text(const Linker &linker) {
  std::string imports, wrappers;
  for (const char *name : names) {
    FuncType type = linker.find("wasi_snapshot_preview1", name).func().type();
    std::string params, gets;
    for (std::size_t i = 0; i < type.params.size(); ++i) {
      params += " " + to_string(type.params[i]);
      gets += " (local.get " + std::to_string(i) + ")";
    }
    std::string signature = "(param" + params + ")" + (type.results.empty() ? "" : " (result i32)");
    imports +=
        std::string("(import \"wasi_snapshot_preview1\" \"") + name + "\" (func $" + name + " " + signature + "))\n";
    wrappers += std::string("(func (export \"") + name + "\") " + signature + " (call $" + name + gets + "))\n";
  }
  return "(module\n" + imports + "(memory (export \"memory\") 1)\n" + wrappers + ")";
}

class Guest {
public:
  explicit Guest(wasi::Options options = {}) : store_(engine()), linker_(store_) {
    wasi::define(linker_, options);
    static const Module module = Module::from_text(engine(), guest_text(linker_));
    instance_ = linker_.instantiate(module);
    memory_ = instance_.memory();
  }

  static Engine &engine() {
    static Engine e;
    return e;
  }
  Errno operator()(const char *name, std::initializer_list<Val> args) {
    return static_cast<Errno>(instance_.func(name).call(args)[0].i32());
  }
  Func func(const char *name) const { return instance_.func(name); }
  template <typename T> T get(std::uint32_t at) const { return memory_.read<T>(at); }
  template <typename T> void put(std::uint32_t at, T value) const { memory_.write<T>(at, value); }
  std::string text(std::uint32_t at, std::uint32_t size) const {
    auto bytes = memory_.slice(at, size);
    REQUIRE(bytes);
    return std::string(bytes->begin(), bytes->end());
  }
  void put_text(std::uint32_t at, std::string_view text) const {
    std::memcpy(memory_.slice(at, text.size())->data(), text.data(), text.size());
  }

  // Paths go to 1000, a second one to 2000; one iovec stands at 100, its data at 4000; results at 0.
  Val path(std::string_view text, std::uint32_t at = 1000) const {
    put_text(at, text);
    return Val(at);
  }
  Errno open(std::string_view name, unsigned oflags, std::uint64_t base, unsigned fdflags = 0, int dir = 3,
             unsigned lookup = 1, std::uint64_t inheriting = 0) {
    return (*this)("path_open",
                   {dir, lookup, path(name), std::uint32_t(name.size()), oflags, base, inheriting, fdflags, 0});
  }
  int opened() const { return get<std::int32_t>(0); }
  void buffer(std::uint32_t size) const {
    put<std::uint32_t>(100, 4000);
    put<std::uint32_t>(104, size);
  }
  Errno write(int fd, std::string_view text) {
    put_text(4000, text);
    buffer(std::uint32_t(text.size()));
    return (*this)("fd_write", {fd, 100, 1, 0});
  }
  std::string read(int fd, std::uint32_t size) {
    buffer(size);
    REQUIRE((*this)("fd_read", {fd, 100, 1, 0}) == Errno::Success);
    return text(4000, get<std::uint32_t>(0));
  }

private:
  Store store_;
  Linker linker_;
  Instance instance_;
  Memory memory_;
};

/// A directory of its own, preopened as `/box`.
class Box {
public:
  Box() {
    char name[] = "/tmp/trapeze-wasi-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~Box() { fs::remove_all(path_); }
  wasi::Options options() const {
    wasi::Options o;
    o.preopens = {{path_.string(), "/box"}};
    return o;
  }
  fs::path operator/(const char *name) const { return path_ / name; }
  const fs::path &path() const { return path_; }

private:
  fs::path path_;
};

constexpr unsigned create = wasi::oflags::creat, directory = wasi::oflags::directory, exclusive = wasi::oflags::excl,
                   truncate_it = wasi::oflags::trunc;

} // namespace

TEST_CASE("arguments and environment") {
  wasi::Options options;
  options.args = {"prog", "", "two words"};
  options.env = {"A=1", "B=\xc3\xa4"};
  Guest g(options);
  REQUIRE(g("args_sizes_get", {0, 4}) == Errno::Success);
  CHECK(g.get<std::uint32_t>(0) == 3);
  CHECK(g.get<std::uint32_t>(4) == 5 + 1 + 10);
  REQUIRE(g("args_get", {16, 64}) == Errno::Success);
  CHECK(g.get<std::uint32_t>(16) == 64);
  CHECK(g.get<std::uint32_t>(20) == 69);
  CHECK(g.get<std::uint32_t>(24) == 70);
  CHECK(g.text(64, 16) == std::string("prog\0\0two words\0", 16));
  REQUIRE(g("environ_sizes_get", {0, 4}) == Errno::Success);
  CHECK(g.get<std::uint32_t>(0) == 2);
  REQUIRE(g("environ_get", {16, 64}) == Errno::Success);
  CHECK(g.text(g.get<std::uint32_t>(20), 5) == std::string("B=\xc3\xa4\0", 5));
  CHECK(g("args_get", {65530, 64}) == Errno::Fault);
  CHECK(g("args_get", {16, 65530}) == Errno::Fault);
}

TEST_CASE("standard streams go straight through") {
  int in[2], out[2];
  REQUIRE(pipe(in) == 0);
  REQUIRE(pipe(out) == 0);
  wasi::Options options;
  options.standard_input = in[0];
  options.standard_output = out[1];
  options.standard_error = -1;
  Guest g(options);
  CHECK(g.write(1, "hello") == Errno::Success);
  CHECK(g.get<std::uint32_t>(0) == 5);
  char text[16] = {};
  REQUIRE(read(out[0], text, sizeof text) == 5);
  CHECK(std::string(text) == "hello");
  REQUIRE(write(in[1], "abc", 3) == 3);
  CHECK(g.read(0, 10) == "abc");
  CHECK(g.write(2, "x") == Errno::BadF);
  CHECK(g.write(0, "x") == Errno::NotCapable);
  CHECK(g("fd_seek", {1, std::int64_t{0}, 1, 0}) == Errno::SPipe);
  REQUIRE(g("fd_fdstat_get", {1, 0}) == Errno::Success);
  CHECK(g.get<std::uint8_t>(0) != 2); // no terminal
  close(in[1]);
  CHECK(g.read(0, 10).empty());
  for (int fd : {in[0], out[0], out[1]})
    close(fd);
}

TEST_CASE("many buffers, empty buffers, bad buffers") {
  Box box;
  Guest g(box.options());
  REQUIRE(g.open("f", create, rights::fd_write | rights::fd_read | rights::fd_seek | rights::fd_tell) ==
          Errno::Success);
  int fd = g.opened();
  for (std::uint32_t i = 0; i < 2000; ++i) {
    g.put<std::uint32_t>(8000 + i * 8, 4000 + i % 10);
    g.put<std::uint32_t>(8004 + i * 8, i % 3 ? 1 : 0);
  }
  g.put_text(4000, "0123456789");
  REQUIRE(g("fd_write", {fd, 8000, 2000, 0}) == Errno::Success);
  std::uint32_t written = g.get<std::uint32_t>(0);
  CHECK(written > 0); // one system call takes a part of them: a short write
  CHECK(fs::file_size(box / "f") == written);
  g.put<std::uint32_t>(8000 + 1999 * 8, 65530);
  g.put<std::uint32_t>(8004 + 1999 * 8, 7);
  CHECK(g("fd_write", {fd, 8000, 2000, 0}) == Errno::Fault);
  CHECK(fs::file_size(box / "f") == written);
  CHECK(g("fd_write", {fd, 8000, -1, 0}) == Errno::Fault);
  CHECK(g("fd_write", {fd, -4, 1, 0}) == Errno::Fault);
  CHECK(g("fd_write", {fd, 8000, 1, 65534}) == Errno::Fault);
  CHECK(g("fd_write", {fd, 8000, 0, 0}) == Errno::Success);
}

TEST_CASE("files: open, write, seek, read, at offsets, size, close") {
  Box box;
  Guest g(box.options());
  std::uint64_t all = rights::file;
  REQUIRE(g.open("f.txt", create | exclusive, all) == Errno::Success);
  int fd = g.opened();
  CHECK(fd == 4);
  CHECK(g.open("f.txt", create | exclusive, all) == Errno::Exist);
  CHECK(g.write(fd, "0123456789") == Errno::Success);
  REQUIRE(g("fd_tell", {fd, 0}) == Errno::Success);
  CHECK(g.get<std::uint64_t>(0) == 10);
  REQUIRE(g("fd_seek", {fd, std::int64_t{-4}, 2, 0}) == Errno::Success);
  CHECK(g.get<std::uint64_t>(0) == 6);
  CHECK(g.read(fd, 3) == "678");
  CHECK(g("fd_seek", {fd, std::int64_t{-1}, 0, 0}) == Errno::Inval);
  CHECK(g("fd_seek", {fd, std::int64_t{0}, 7, 0}) == Errno::Inval);
  g.buffer(4);
  REQUIRE(g("fd_pread", {fd, 100, 1, std::int64_t{2}, 0}) == Errno::Success);
  CHECK(g.text(4000, 4) == "2345");
  g.put_text(4000, "XY");
  g.buffer(2);
  REQUIRE(g("fd_pwrite", {fd, 100, 1, std::int64_t{1}, 0}) == Errno::Success);
  REQUIRE(g("fd_filestat_get", {fd, 200}) == Errno::Success);
  CHECK(g.get<std::uint64_t>(232) == 10);
  CHECK(g.get<std::uint8_t>(216) == 4);
  REQUIRE(g("fd_filestat_set_size", {fd, std::int64_t{5}}) == Errno::Success);
  REQUIRE(g("fd_filestat_set_times", {fd, std::int64_t{1500000000}, std::int64_t{2000000003}, 1 | 4}) ==
          Errno::Success);
  CHECK(g("fd_filestat_set_times", {fd, std::int64_t{0}, std::int64_t{0}, 1 | 2}) == Errno::Inval);
  REQUIRE(g("path_filestat_get", {3, 1, g.path("f.txt"), 5, 200}) == Errno::Success);
  CHECK(g.get<std::uint64_t>(232) == 5);
  CHECK(g.get<std::uint64_t>(240) == 1500000000);
  CHECK(g.get<std::uint64_t>(248) == 2000000003);
  REQUIRE(g("path_filestat_set_times", {3, 1, g.path("f.txt"), 5, std::int64_t{7}, std::int64_t{8}, 1 | 4}) ==
          Errno::Success);
  REQUIRE(g("path_filestat_get", {3, 1, g.path("f.txt"), 5, 200}) == Errno::Success);
  CHECK(g.get<std::uint64_t>(240) == 7);
  CHECK(g("fd_sync", {fd}) == Errno::Success);
  CHECK(g("fd_datasync", {fd}) == Errno::Success);
  CHECK(g("fd_advise", {fd, std::int64_t{0}, std::int64_t{5}, 1}) == Errno::Success);
  CHECK(g("fd_advise", {fd, std::int64_t{0}, std::int64_t{5}, 9}) == Errno::Inval);
  CHECK(g("fd_close", {fd}) == Errno::Success);
  CHECK(g("fd_close", {fd}) == Errno::BadF);
  CHECK(g.write(fd, "x") == Errno::BadF);
  std::string contents;
  std::getline(std::ifstream(box / "f.txt"), contents);
  CHECK(contents == "0XY34");
  REQUIRE(g.open("f.txt", truncate_it, rights::fd_read | rights::fd_write) == Errno::Success);
  CHECK(fs::file_size(box / "f.txt") == 0);
}

TEST_CASE("append and other flags") {
  Box box;
  Guest g(box.options());
  REQUIRE(g.open("log", create, rights::file, wasi::fdflags::append) == Errno::Success);
  int fd = g.opened();
  CHECK(g.write(fd, "a") == Errno::Success);
  REQUIRE(g("fd_seek", {fd, std::int64_t{0}, 0, 0}) == Errno::Success);
  CHECK(g.write(fd, "b") == Errno::Success);
  CHECK(fs::file_size(box / "log") == 2);
  REQUIRE(g("fd_fdstat_get", {fd, 200}) == Errno::Success);
  CHECK(g.get<std::uint16_t>(202) == wasi::fdflags::append);
  REQUIRE(g("fd_fdstat_set_flags", {fd, 0}) == Errno::Success);
  REQUIRE(g("fd_fdstat_get", {fd, 200}) == Errno::Success);
  CHECK(g.get<std::uint16_t>(202) == 0);
  CHECK(g("fd_fdstat_set_flags", {fd, 64}) == Errno::Inval);
}

TEST_CASE("rights are checked and only shrink") {
  Box box;
  std::ofstream(box / "f") << "data";
  Guest g(box.options());
  REQUIRE(g.open("f", 0, rights::fd_read) == Errno::Success);
  int fd = g.opened();
  CHECK(g.write(fd, "x") == Errno::NotCapable);
  CHECK(g("fd_seek", {fd, std::int64_t{0}, 0, 0}) == Errno::NotCapable);
  CHECK(g("fd_fdstat_set_rights", {fd, std::uint64_t{rights::fd_read | rights::fd_write}, std::uint64_t{0}}) ==
        Errno::NotCapable);
  CHECK(g("fd_fdstat_set_rights", {fd, std::uint64_t{0}, std::uint64_t{0}}) == Errno::Success);
  g.buffer(1);
  CHECK(g("fd_read", {fd, 100, 1, 0}) == Errno::NotCapable);
  // A directory that hands on reading only.
  REQUIRE(g.open(".", directory, rights::path_open, 0, 3, 1, rights::fd_read) == Errno::Success);
  int dir = g.opened();
  CHECK(g.open("f", 0, rights::fd_write, 0, dir) == Errno::NotCapable);
  CHECK(g.open("f", create, rights::fd_read, 0, dir) == Errno::NotCapable);
  CHECK(g.open("f", 0, rights::fd_read, 0, dir) == Errno::Success);
  CHECK(g("path_unlink_file", {dir, g.path("f"), 1}) == Errno::NotCapable);
  CHECK(g.open("f", 0, rights::fd_read, 0, fd) == Errno::NotCapable);
}

TEST_CASE("directories: make, list, rename, links, remove") {
  Box box;
  Guest g(box.options());
  CHECK(g("path_create_directory", {3, g.path("d"), 1}) == Errno::Success);
  CHECK(g("path_create_directory", {3, g.path("d"), 1}) == Errno::Exist);
  CHECK(g.open("d/x", create, rights::fd_write) == Errno::Success);
  CHECK(g("path_remove_directory", {3, g.path("d"), 1}) == Errno::NotEmpty);
  CHECK(g("path_unlink_file", {3, g.path("d"), 1}) == Errno::IsDir);
  CHECK(g("path_unlink_file", {3, g.path("d/x/"), 4}) == Errno::NotDir);
  CHECK(g("path_rename", {3, g.path("d/x"), 3, 3, g.path("y", 2000), 1}) == Errno::Success);
  CHECK(fs::exists(box / "y"));
  CHECK(g("path_link", {3, 0, g.path("y"), 1, 3, g.path("z", 2000), 1}) == Errno::Success);
  CHECK(fs::hard_link_count(box / "z") == 2);
  CHECK(g("path_symlink", {g.path("y"), 1, 3, g.path("s", 2000), 1}) == Errno::Success);
  CHECK(g("path_symlink", {g.path("/etc"), 4, 3, g.path("t", 2000), 1}) == Errno::Perm);
  REQUIRE(g("path_readlink", {3, g.path("s"), 1, 3000, 100, 0}) == Errno::Success);
  CHECK(g.text(3000, g.get<std::uint32_t>(0)) == "y");
  CHECK(g("path_readlink", {3, g.path("y"), 1, 3000, 100, 0}) == Errno::Inval);
  REQUIRE(g("path_filestat_get", {3, 0, g.path("s"), 1, 200}) == Errno::Success);
  CHECK(g.get<std::uint8_t>(216) == 7);
  CHECK(g.open("s", 0, rights::fd_read, 0, 3, 0) == Errno::Loop);
  CHECK(g("path_unlink_file", {3, g.path("s"), 1}) == Errno::Success);
  CHECK(g("path_remove_directory", {3, g.path("d"), 1}) == Errno::Success);
  CHECK(g("path_remove_directory", {3, g.path("d"), 1}) == Errno::NoEnt);
  CHECK(g("path_remove_directory", {3, g.path(".."), 2}) == Errno::Perm);
  CHECK(g.open("y\0z", 0, rights::fd_read) == Errno::Success);
  CHECK(g.open(std::string_view("y\0z", 3), 0, rights::fd_read) == Errno::Inval);
  CHECK(g.open("\xff", 0, rights::fd_read) == Errno::IlSeq);
  CHECK(g.open("", 0, rights::fd_read) == Errno::NoEnt);
}

TEST_CASE("reading a directory in pieces gives each entry once") {
  Box box;
  std::set<std::string> expected{".", ".."};
  for (int i = 0; i < 300; ++i) {
    std::string name = "file-with-a-longer-name-" + std::to_string(i);
    std::ofstream(box / name.c_str()) << i;
    expected.insert(name);
  }
  Guest g(box.options());
  REQUIRE(g.open(".", directory, rights::fd_readdir) == Errno::Success);
  int fd = g.opened();
  for (std::uint32_t size : {80u, 1000u, 40000u}) {
    std::multiset<std::string> found;
    std::uint64_t cookie = 0;
    for (bool more = true; more;) {
      REQUIRE(g("fd_readdir", {fd, 8000, size, cookie, 0}) == Errno::Success);
      std::uint32_t used = g.get<std::uint32_t>(0), at = 0;
      more = used == size;
      while (at + 24 <= used) {
        std::uint32_t length = g.get<std::uint32_t>(8000 + at + 16);
        if (at + 24 + length > used)
          break;
        cookie = g.get<std::uint64_t>(8000 + at);
        std::string name = g.text(8000 + at + 24, length);
        CHECK(g.get<std::uint8_t>(8000 + at + 20) == (name[0] == '.' ? 3 : 4));
        found.insert(name);
        at += 24 + length;
      }
    }
    CHECK(found.size() == expected.size());
    CHECK(std::set<std::string>(found.begin(), found.end()) == expected);
  }
  g.buffer(1);
  CHECK(g("fd_read", {fd, 100, 1, 0}) == Errno::NotCapable);
}

TEST_CASE("preopened directories and renumbering") {
  Box box;
  Guest g(box.options());
  REQUIRE(g("fd_prestat_get", {3, 0}) == Errno::Success);
  CHECK(g.get<std::uint32_t>(0) == 0);
  CHECK(g.get<std::uint32_t>(4) == 4);
  REQUIRE(g("fd_prestat_dir_name", {3, 16, 4}) == Errno::Success);
  CHECK(g.text(16, 4) == "/box");
  CHECK(g("fd_prestat_dir_name", {3, 16, 3}) == Errno::NameTooLong);
  CHECK(g("fd_prestat_get", {4, 0}) == Errno::BadF);
  CHECK(g("fd_prestat_get", {1, 0}) == Errno::BadF);
  REQUIRE(g.open("a", create, rights::file) == Errno::Success);
  REQUIRE(g.open("b", create, rights::file) == Errno::Success);
  CHECK(g("fd_renumber", {5, 4}) == Errno::Success);
  CHECK(g.write(4, "to b") == Errno::Success);
  CHECK(fs::file_size(box / "b") == 4);
  CHECK(g.write(5, "x") == Errno::BadF);
  CHECK(g("fd_renumber", {4, 9}) == Errno::BadF);
  CHECK(g("fd_renumber", {9, 4}) == Errno::BadF);
  CHECK(g("fd_renumber", {4, 4}) == Errno::Success);
}

TEST_CASE("clocks and random numbers") {
  Guest g;
  for (int clock = 0; clock < 4; ++clock) {
    CHECK(g("clock_time_get", {clock, std::int64_t{0}, 0}) == Errno::Success);
    CHECK(g("clock_res_get", {clock, 8}) == Errno::Success);
    CHECK(g.get<std::uint64_t>(8) > 0);
  }
  CHECK(g("clock_time_get", {4, std::int64_t{0}, 0}) == Errno::Inval);
  CHECK(g("clock_time_get", {0, std::int64_t{0}, 65529}) == Errno::Fault);
  CHECK(g("random_get", {0, 65536}) == Errno::Success);
  int zeros = 0;
  for (std::uint32_t i = 0; i < 65536; ++i)
    zeros += g.get<std::uint8_t>(i) == 0;
  CHECK(zeros < 1000);
  CHECK(g("random_get", {1, 65536}) == Errno::Fault);
  CHECK(g("sched_yield", {}) == Errno::Success);
}

TEST_CASE("polling clocks and descriptors") {
  int in[2];
  REQUIRE(pipe(in) == 0);
  wasi::Options options;
  options.standard_input = in[0];
  Guest g(options);
  auto subscribe = [&](std::uint32_t i, std::uint64_t userdata, std::uint8_t tag, std::uint32_t id,
                       std::uint64_t timeout) {
    std::uint32_t at = 1000 + i * 48;
    g.put<std::uint64_t>(at, userdata);
    g.put<std::uint8_t>(at + 8, tag);
    g.put<std::uint32_t>(at + 16, id);
    g.put<std::uint64_t>(at + 24, timeout);
    g.put<std::uint64_t>(at + 40, 0);
  };
  subscribe(0, 11, 0, 1, 5'000'000);
  REQUIRE(g("poll_oneoff", {1000, 2000, 1, 0}) == Errno::Success);
  CHECK(g.get<std::uint32_t>(0) == 1);
  CHECK(g.get<std::uint64_t>(2000) == 11);
  subscribe(1, 22, 1, 0, 0);
  REQUIRE(g("poll_oneoff", {1000, 2000, 2, 0}) == Errno::Success);
  CHECK(g.get<std::uint64_t>(2000) == 11); // nothing to read: the clock won
  CHECK(g.get<std::uint32_t>(0) == 1);
  REQUIRE(write(in[1], "abc", 3) == 3);
  subscribe(0, 11, 0, 1, 60'000'000'000);
  REQUIRE(g("poll_oneoff", {1000, 2000, 2, 0}) == Errno::Success);
  CHECK(g.get<std::uint64_t>(2000) == 22);
  CHECK(g.get<std::uint8_t>(2010) == 1);
  CHECK(g.get<std::uint64_t>(2016) == 3);
  subscribe(1, 33, 1, 99, 0);
  REQUIRE(g("poll_oneoff", {1000, 2000, 2, 0}) == Errno::Success);
  CHECK(g.get<std::uint64_t>(2000) == 33);
  CHECK(g.get<std::uint16_t>(2008) == static_cast<std::uint16_t>(Errno::BadF));
  CHECK(g("poll_oneoff", {1000, 2000, 0, 0}) == Errno::Inval);
  CHECK(g("poll_oneoff", {1000, 65520, 1, 0}) == Errno::Fault);
  close(in[0]);
  close(in[1]);
}

TEST_CASE("exit") {
  Guest g;
  try {
    g.func("proc_exit").call({42});
    FAIL("returned");
  } catch (const Exit &e) {
    CHECK(e.status() == 42);
  }
  CHECK(g("proc_raise", {6}) == Errno::NotSup);
}

TEST_CASE("no pointer, length, descriptor or flag of a guest can harm the host") {
  Box box;
  wasi::Options options = box.options();
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  options.standard_input = options.standard_output = options.standard_error = null;
  options.args = {"a", "b"};
  options.env = {"C=D"};
  std::mt19937_64 random(20240607);
  constexpr std::uint32_t small[] = {0,   1,    2,     3,     4,     5,     8,          16,        24,
                                     100, 4000, 65528, 65535, 65536, 65537, 0x7fffffff, 0xffffffff};
  constexpr std::uint64_t large[] = {0,           1,           8, 100, 65536, ~std::uint64_t{0}, std::uint64_t{1} << 63,
                                     rights::all, rights::file};
  int calls = 0;
  for (int round = 0; round < 40; ++round) {
    Guest g(options);
    for (std::uint32_t at = 0; at < 200; ++at)
      g.put<std::uint8_t>(4000 + at, static_cast<std::uint8_t>("./ab"[random() % 4]));
    for (int i = 0; i < 500; ++i) {
      const char *name = names[random() % std::size(names)];
      if (std::string_view(name) == "poll_oneoff")
        continue; // would wait for as long as random numbers say
      std::vector<Val> args;
      for (ValType type : g.func(name).type().params)
        args.push_back(type == ValType::i32() ? Val(small[random() % std::size(small)])
                                              : Val(large[random() % std::size(large)]));
      try {
        for (const Val &result : g.func(name).call(args))
          CHECK(static_cast<std::uint32_t>(result.i32()) <= static_cast<std::uint32_t>(Errno::NotCapable));
      } catch (const Exit &) {
      }
      ++calls;
    }
  }
  CHECK(calls > 15000);
  close(null);
}
