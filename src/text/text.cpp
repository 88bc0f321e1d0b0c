// The doors of text.hh: assembling, and positions of offsets.
#include "text/text.hh"

#include "text/cursor.hh"
#include "text/lexer.hh"
#include "text/module_writer.hh"
#include "text/script.hh"

#include <algorithm>

namespace trapeze::text {

u64 SourceMap::source_offset(u64 binary_offset) const {
  auto after = std::upper_bound(entries.begin(), entries.end(), binary_offset,
                                [](u64 offset, const Entry &e) { return offset < e.binary; });
  return after == entries.begin() ? 0 : std::prev(after)->source;
}

Result<Assembled> assemble_span(std::string_view source, u64 begin, u64 end, const wasm::Features &features) {
  TokenList tokens = TRY_VALUE(tokenize(source, begin, end));
  if (tokens.first_annotation != ~0u && !features.has(wasm::Feature::Annotations))
    return fail(ErrorKind::Unsupported, tokens.first_annotation, disabled_message(wasm::Feature::Annotations));
  Cursor cursor(source, tokens);
  ModuleWriter writer(cursor);
  if (!writer.run())
    return std::unexpected(cursor.take_error());
  return writer.join();
}

Result<Assembled> assemble(std::string_view source, const wasm::Features &features) {
  return assemble_span(source, 0, source.size(), features);
}

Position position(std::string_view source, u64 offset) {
  offset = std::min<u64>(offset, source.size());
  u64 start = offset == 0 ? 0 : source.rfind('\n', offset - 1) + 1; // npos + 1 == 0
  u64 end = std::min<u64>(source.find('\n', offset), source.size());
  if (end > start && source[end - 1] == '\r')
    --end;
  u32 column = static_cast<u32>(offset - start) + 1;
  u32 line = 1 + static_cast<u32>(std::count(source.begin(), source.begin() + static_cast<i64>(start), '\n'));
  return {line, column, source.substr(start, end - start)};
}

} // namespace trapeze::text
