// Input of either format, brought into one form: the binary module, and how to say where an error in it is.
#pragma once

#include "api/impl.hh"
#include "compile/compile.hh"
#include "text/text.hh"

namespace trapeze::api {

class Source {
public:
  /// Text is assembled; throws Error when it does not parse.
  Source(const EngineImpl &engine, std::span<const u8> input, std::string_view name);
  /// Text even if it does not look so.
  static Source text(const EngineImpl &engine, std::string_view source, std::string_view name);

  static bool is_binary(std::span<const u8> input);

  const std::shared_ptr<const std::vector<u8>> &bytes() const { return bytes_; }
  const std::string &name() const { return name_; }
  /// Decodes; throws Error.
  wasm::Module decode(const EngineImpl &engine) const;
  /// An error whose offset is in the binary, as the public one with its place in what was given.
  [[noreturn]] void raise(const base::Error &error) const;
  template <typename T> T unwrap(base::Result<T> result) const {
    if (!result)
      raise(result.error());
    if constexpr (!std::is_void_v<T>)
      return std::move(*result);
  }

private:
  Source() = default;
  void assemble(const EngineImpl &engine, std::string_view source);
  [[noreturn]] void raise_in_text(const base::Error &error, u64 source_offset) const;

  std::string name_;
  std::string text_; ///< empty for a binary
  text::SourceMap map_;
  std::shared_ptr<const std::vector<u8>> bytes_;
};

/// As the engine was configured.
image::ArtifactSettings artifact_settings(const EngineImpl &engine);
compile::Options compile_options(const EngineImpl &engine);

/// A whole file; "-" is standard input. Error (Resource) when it cannot be read.
std::vector<u8> read_file(const std::string &path);

} // namespace trapeze::api
