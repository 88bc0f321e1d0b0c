// Errors with their place, and how they are shown: `bad.wat:1:28: error: message`, the line, a caret.
#include "api/impl.hh"

#include <fmt/format.h>

namespace trapeze::v1 {

namespace {

std::string place(const SourceLocation &where) {
  std::string text = where.input.empty() ? std::string("<input>") : where.input;
  if (where.line != 0)
    return text + fmt::format(":{}:{}", where.line, where.column);
  return text + fmt::format(":{:#x}", where.offset);
}

/// The line as a terminal shows it, and how many columns stand before the place: tabs and anything that is not
/// printable become a space, so that caret and character stand above each other. UTF-8 counts as one column each.
struct ShownLine {
  std::string text;
  usize caret = 0;
};

ShownLine shown(const SourceLocation &where) {
  ShownLine out;
  usize column = 1;
  for (char c : where.line_text) {
    bool continues = (static_cast<u8>(c) & 0xc0) == 0x80;
    if (column < where.column && !continues)
      ++out.caret;
    out.text += static_cast<u8>(c) < 0x20 || c == 0x7f ? ' ' : c;
    ++column;
  }
  return out;
}

} // namespace

Error::Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)), what_(message_) {}

Error::Error(ErrorKind kind, std::string message, SourceLocation where)
    : kind_(kind), message_(std::move(message)), what_(fmt::format("{}: error: {}", place(where), message_)),
      location_(std::move(where)) {}

std::string Error::render(bool colour) const {
  const char *bold = colour ? "\033[1m" : "", *red = colour ? "\033[1;31m" : "", *green = colour ? "\033[1;32m" : "",
             *off = colour ? "\033[0m" : "";
  std::string head = location_ ? fmt::format("{}{}:{} ", bold, place(*location_), off) : std::string();
  std::string out = fmt::format("{}{}error:{} {}{}{}\n", head, red, off, bold, message_, off);
  if (location_ && location_->line != 0) {
    ShownLine line = shown(*location_);
    out += fmt::format("{}\n{}{}^{}\n", line.text, std::string(line.caret, ' '), green, off);
  }
  return out;
}

} // namespace trapeze::v1

namespace trapeze::api {

static_assert(static_cast<int>(v1::ErrorKind::Resource) == static_cast<int>(base::ErrorKind::Resource));

void wrong_use(std::string message) { throw v1::Error(v1::ErrorKind::Usage, std::move(message)); }

void check_store(const StoreImpl *handle, const StoreImpl *store, const char *what) {
  if (handle == nullptr)
    wrong_use(fmt::format("{} is null", what));
  if (handle != store)
    wrong_use(fmt::format("{} belongs to another store", what));
}

void raise(const base::Error &error, std::string_view name) {
  auto kind = static_cast<v1::ErrorKind>(error.kind);
  if (error.kind == base::ErrorKind::Unlinkable || error.kind == base::ErrorKind::Resource)
    throw v1::Error(kind, error.message);
  v1::SourceLocation where;
  where.input = name;
  where.offset = error.offset;
  throw v1::Error(kind, error.message, std::move(where));
}

} // namespace trapeze::api
