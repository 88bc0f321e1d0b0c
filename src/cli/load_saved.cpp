// Compiled modules, for both programs.
#include "cli/load.hh"

#include <cstdio>
#include <memory>

namespace trapeze::cli {

namespace {

std::vector<std::uint8_t> read_up_to(const std::string &file, std::size_t size) {
  std::unique_ptr<std::FILE, int (*)(std::FILE *)> in(std::fopen(file.c_str(), "rb"), std::fclose);
  std::vector<std::uint8_t> out(size);
  out.resize(in ? std::fread(out.data(), 1, size, in.get()) : 0);
  return out;
}

} // namespace

std::vector<std::uint8_t> read_key(const std::string &file) {
  constexpr std::size_t longest = 1 << 16;
  std::vector<std::uint8_t> key = read_up_to(file, longest);
  if (key.size() < 16)
    throw Error(ErrorKind::Resource, "cannot use " + file + " as key: it has less than 16 bytes or cannot be read");
  return key;
}

bool is_saved_file(const std::string &file) {
  constexpr std::size_t front = 80;
  return file != "-" && Module::is_saved(read_up_to(file, front));
}

Module load_saved(const Engine &engine, const std::string &file, const LoadChecks &checks) {
  const std::vector<std::uint8_t> key = checks.key.empty() ? std::vector<std::uint8_t>() : read_key(checks.key);
  LoadOptions options;
  options.key = key;
  options.verify = checks.verify;
  return Module::load(engine, file, options);
}

} // namespace trapeze::cli
