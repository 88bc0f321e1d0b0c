#include "api/source/source.hh"

#include "decode/decode.hh"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

namespace trapeze::api {

bool Source::is_binary(std::span<const u8> input) {
  return input.size() >= 4 && std::memcmp(input.data(), "\0asm", 4) == 0;
}

Source::Source(const EngineImpl &engine, std::span<const u8> input, std::string_view name) : name_(name) {
  if (is_binary(input))
    bytes_ = std::make_shared<const std::vector<u8>>(input.begin(), input.end());
  else
    assemble(engine, {reinterpret_cast<const char *>(input.data()), input.size()});
}

Source Source::text(const EngineImpl &engine, std::string_view source, std::string_view name) {
  Source s;
  s.name_ = name;
  s.assemble(engine, source);
  return s;
}

void Source::assemble(const EngineImpl &engine, std::string_view source) {
  text_ = source;
  Result<text::Assembled> assembled = text::assemble(text_, engine.features);
  if (!assembled)
    raise_in_text(assembled.error(), assembled.error().offset);
  map_ = std::move(assembled->map);
  bytes_ = std::make_shared<const std::vector<u8>>(std::move(assembled->bytes));
}

wasm::Module Source::decode(const EngineImpl &engine) const { return unwrap(decode::module(bytes_, engine.features)); }

void Source::raise(const base::Error &error) const {
  if (text_.empty() || error.kind == base::ErrorKind::Resource)
    api::raise(error, name_);
  raise_in_text(error, map_.source_offset(error.offset));
}

void Source::raise_in_text(const base::Error &error, u64 source_offset) const {
  text::Position position = text::position(text_, source_offset);
  v1::SourceLocation where{name_, source_offset, position.line, position.column, std::string(position.line_text)};
  throw v1::Error(static_cast<v1::ErrorKind>(error.kind), error.message, std::move(where));
}

std::vector<u8> read_file(const std::string &path) {
  auto closes = [](std::FILE *f) {
    if (f != stdin)
      std::fclose(f);
  };
  std::unique_ptr<std::FILE, decltype(closes)> file(path == "-" ? stdin : std::fopen(path.c_str(), "rb"), closes);
  if (!file)
    throw v1::Error(v1::ErrorKind::Resource, fmt::format("cannot read `{}`: {}", path, std::strerror(errno)));
  std::error_code none; // a pipe has no size
  const u64 size = std::filesystem::file_size(path, none);
  const usize chunk = std::max<usize>(none ? 0 : size + 1, 1 << 16); // one byte more: less than a chunk is the end
  std::vector<u8> bytes;
  for (usize n = chunk; n == chunk;) {
    usize at = bytes.size();
    bytes.resize(at + chunk);
    n = std::fread(bytes.data() + at, 1, chunk, file.get());
    bytes.resize(at + n);
  }
  if (std::ferror(file.get()))
    throw v1::Error(v1::ErrorKind::Resource, fmt::format("cannot read `{}`: {}", path, std::strerror(errno)));
  return bytes;
}

} // namespace trapeze::api
