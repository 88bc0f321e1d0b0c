// Paths stay below their directory, by the kernel's resolution and by our own walk alike.
#include "wasi/resolve.hh"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

using namespace trapeze;
using namespace trapeze::wasi;
namespace fs = std::filesystem;

namespace {

/// outside/secret.txt and box/{file.txt, dir/inner.txt, links}; the box is what may be seen.
class Tree {
public:
  Tree() {
    char name[] = "/tmp/trapeze-resolve-XXXXXX";
    root_ = mkdtemp(name);
    fs::create_directories(root_ / "outside");
    fs::create_directories(root_ / "box/dir/deep");
    write(root_ / "outside/secret.txt", "secret");
    write(root_ / "box/file.txt", "file");
    write(root_ / "box/dir/inner.txt", "inner");
    fs::create_symlink("../outside/secret.txt", root_ / "box/out_file");
    fs::create_symlink("../outside", root_ / "box/out_dir");
    fs::create_symlink(root_ / "box/file.txt", root_ / "box/absolute");
    fs::create_symlink("dir/inner.txt", root_ / "box/in_file");
    fs::create_symlink("dir", root_ / "box/in_dir");
    fs::create_symlink("../file.txt", root_ / "box/dir/up_and_in");
    fs::create_symlink("loop", root_ / "box/loop");
    fs::create_symlink("../outside/new.txt", root_ / "box/dangling_out");
    box_ = OwnedFd(open((root_ / "box").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  ~Tree() { fs::remove_all(root_); }
  const fs::path &root() const { return root_; }
  int box() const { return box_.get(); }

  static void write(const fs::path &path, const char *text) { std::ofstream(path) << text; }

private:
  fs::path root_;
  OwnedFd box_;
};

Errno failure(Resolver resolver, int directory, const std::string &path, int flags) {
  try {
    open_beneath(resolver, directory, path, flags, 0600);
    return Errno::Success;
  } catch (const Failure &f) {
    return f.code;
  }
}

std::string contents(Resolver resolver, int directory, const std::string &path) {
  OwnedFd fd = open_beneath(resolver, directory, path, O_RDONLY);
  char text[64] = {};
  ssize_t n = read(fd.get(), text, sizeof text);
  return std::string(text, n > 0 ? static_cast<std::size_t>(n) : 0);
}

std::vector<Resolver> resolvers() {
  std::vector<Resolver> list{Resolver::Walk};
  if (default_resolver() == Resolver::Kernel)
    list.push_back(Resolver::Kernel);
  return list;
}

} // namespace

TEST_CASE("what is inside can be reached, through links too") {
  Tree tree;
  for (Resolver r : resolvers()) {
    CAPTURE(static_cast<int>(r));
    CHECK(contents(r, tree.box(), "file.txt") == "file");
    CHECK(contents(r, tree.box(), "./dir/../dir//inner.txt") == "inner");
    CHECK(contents(r, tree.box(), "in_file") == "inner");
    CHECK(contents(r, tree.box(), "in_dir/inner.txt") == "inner");
    CHECK(contents(r, tree.box(), "dir/up_and_in") == "file");
    CHECK(contents(r, tree.box(), "in_dir/up_and_in") == "file");
    CHECK(failure(r, tree.box(), ".", O_RDONLY | O_DIRECTORY) == Errno::Success);
    CHECK(failure(r, tree.box(), "dir/", O_RDONLY) == Errno::Success);
    CHECK(failure(r, tree.box(), "dir/deep/../..", O_RDONLY) == Errno::Success);
  }
}

TEST_CASE("what is outside cannot") {
  Tree tree;
  for (Resolver r : resolvers()) {
    CAPTURE(static_cast<int>(r));
    for (const char *path : {"..", "../outside/secret.txt", "/etc/passwd", "/", "out_file", "out_dir/secret.txt",
                             "absolute", "dir/../../outside/secret.txt", "dir/../..", "in_dir/../../outside",
                             "./../box/file.txt", "dir/deep/../../../outside/secret.txt", "out_dir", "out_dir/"}) {
      CAPTURE(path);
      CHECK(failure(r, tree.box(), path, O_RDONLY) == Errno::Perm);
    }
    CHECK(failure(r, tree.box(), "dangling_out", O_WRONLY | O_CREAT) == Errno::Perm);
    CHECK_FALSE(fs::exists(tree.root() / "outside/new.txt"));
  }
}

TEST_CASE("errors are those of open(2)") {
  Tree tree;
  for (Resolver r : resolvers()) {
    CAPTURE(static_cast<int>(r));
    CHECK(failure(r, tree.box(), "", O_RDONLY) == Errno::NoEnt);
    CHECK(failure(r, tree.box(), "missing", O_RDONLY) == Errno::NoEnt);
    CHECK(failure(r, tree.box(), "missing/..", O_RDONLY) == Errno::NoEnt);
    CHECK(failure(r, tree.box(), "file.txt/x", O_RDONLY) == Errno::NotDir);
    CHECK(failure(r, tree.box(), "file.txt/", O_RDONLY) == Errno::NotDir);
    CHECK(failure(r, tree.box(), "file.txt/..", O_RDONLY) == Errno::NotDir);
    CHECK(failure(r, tree.box(), "loop", O_RDONLY) == Errno::Loop);
    CHECK(failure(r, tree.box(), "loop/x", O_RDONLY) == Errno::Loop);
    CHECK(failure(r, tree.box(), "in_file", O_RDONLY | O_NOFOLLOW) == Errno::Loop);
    CHECK(failure(r, tree.box(), "dir", O_WRONLY) == Errno::IsDir);
    CHECK(failure(r, tree.box(), "file.txt", O_WRONLY | O_CREAT | O_EXCL) == Errno::Exist);
    CHECK(failure(r, tree.box(), "in_file", O_WRONLY | O_CREAT | O_EXCL) == Errno::Exist);
    CHECK(failure(r, tree.box(), "new/", O_WRONLY | O_CREAT) == Errno::IsDir);
    CHECK(failure(r, tree.box(), "in_file", O_PATH | O_NOFOLLOW) == Errno::Success);
    CHECK(failure(r, tree.box(), "new.txt", O_WRONLY | O_CREAT) == Errno::Success);
    CHECK(fs::remove(tree.root() / "box/new.txt"));
  }
}

TEST_CASE("entries: the directory below, one name, no way up") {
  Tree tree;
  for (Resolver r : resolvers()) {
    CAPTURE(static_cast<int>(r));
    Entry entry = entry_beneath(r, tree.box(), "in_dir/deep/");
    CHECK(entry.name == "deep");
    CHECK(entry.must_be_directory);
    CHECK(faccessat(entry.directory.get(), "inner.txt", F_OK, 0) == 0);
    CHECK(entry_beneath(r, tree.box(), "out_file").name == "out_file"); // the link itself is inside
    for (const char *path : {"..", "dir/..", "out_dir/secret.txt", "/etc/passwd", "../x", "/", "dir/../../outside/x"}) {
      CAPTURE(path);
      CHECK_THROWS_AS(entry_beneath(r, tree.box(), path), Failure);
    }
  }
}

TEST_CASE("a component that is swapped between directory and link never lets a path out") {
  Tree tree;
  for (Resolver r : resolvers()) {
    CAPTURE(static_cast<int>(r));
    fs::path flip = tree.root() / "box/flip", real = tree.root() / "box/real", link = tree.root() / "box/link";
    fs::create_directory(real);
    Tree::write(real / "secret.txt", "public");
    fs::create_symlink("../outside", link);
    std::atomic<bool> stop{false};
    std::thread swapper([&] {
      while (!stop) {
        for (const fs::path &from : {real, link}) {
          rename(from.c_str(), flip.c_str());
          rename(flip.c_str(), from.c_str());
        }
      }
    });
    int inside = 0;
    for (int i = 0; i < 20000; ++i) {
      try {
        std::string text = contents(r, tree.box(), i % 2 ? "flip/secret.txt" : "flip/../flip/secret.txt");
        REQUIRE(text == "public");
        ++inside;
      } catch (const Failure &) {
      }
    }
    stop = true;
    swapper.join();
    CHECK(inside > 0);
    fs::remove_all(real);
    fs::remove(link);
    fs::remove_all(flip);
  }
}
