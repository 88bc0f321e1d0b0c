// Spec: Appendix, Annotations.
#include "text/annotations.hh"

#include "text/strings.hh"

#include <array>
#include <fmt/format.h>

namespace trapeze::text {

namespace {

constexpr std::array<SectionRow, 13> section_rows = {{
    {"type", 1},
    {"import", 2},
    {"func", 3},
    {"table", 4},
    {"memory", 5},
    {"tag", 13},
    {"global", 6},
    {"export", 7},
    {"start", 8},
    {"elem", 9},
    {"datacount", 12},
    {"code", 10},
    {"data", 11},
}};

constexpr u32 last_slot = 2 * section_rows.size() + 1;

/// Walks an annotation's own tokens; the End token stays current.
class Body {
public:
  Body(Cursor &cursor, const Annotation &annotation, const char *what)
      : cursor_(cursor), annotation_(annotation), what_(what) {}
  const Token &peek() const { return annotation_.body[at_]; }
  bool at(TokenKind kind) const { return peek().kind == kind; }
  std::string_view text() const { return cursor_.text(peek()); }
  void advance() { at_ += !at(TokenKind::End); }
  void fail(std::string_view message) {
    cursor_.fail(at(TokenKind::End) ? annotation_.offset : peek().offset,
                 fmt::format("{} annotation: {}", what_, message));
  }
  std::string_view string() {
    std::string_view value = cursor_.string_value_of(peek());
    advance();
    return value;
  }
  std::string_view name(std::string_view missing) {
    if (!at(TokenKind::String)) {
      fail(missing);
      return {};
    }
    u32 before = at_;
    std::string_view value = string();
    if (!is_utf8(value)) {
      at_ = before;
      fail("malformed UTF-8 encoding");
    }
    return value;
  }
  void expect_end() {
    if (!at(TokenKind::End))
      fail("unexpected token");
  }

private:
  Cursor &cursor_;
  const Annotation &annotation_;
  const char *what_;
  u32 at_ = 0;
};

u32 placement(Body &body) {
  body.advance();
  bool before = body.text() == "before";
  if (!body.at(TokenKind::Keyword) || (!before && body.text() != "after")) {
    body.fail("malformed placement");
    return 0;
  }
  body.advance();
  std::string_view kind = body.at(TokenKind::Keyword) ? body.text() : std::string_view{};
  u32 slot = ~0u;
  if (before && kind == "first")
    slot = 0;
  else if (!before && kind == "last")
    slot = last_slot;
  for (u32 i = 0; i < section_rows.size(); ++i)
    if (section_rows[i].name == kind)
      slot = 2 * i + (before ? 1 : 2);
  if (slot == ~0u) {
    body.fail("malformed section kind");
    return 0;
  }
  body.advance();
  if (!body.at(TokenKind::Close))
    body.fail("unexpected token");
  body.advance();
  return slot;
}

} // namespace

std::span<const SectionRow> sections_in_order() { return section_rows; }

CustomAnnotation custom_annotation(Cursor &cursor, const Annotation &annotation) {
  Body body(cursor, annotation, "@custom");
  CustomAnnotation custom;
  custom.slot = last_slot;
  custom.name = body.name("missing section name");
  if (body.at(TokenKind::Open))
    custom.slot = placement(body);
  while (body.at(TokenKind::String))
    custom.contents += body.string();
  body.expect_end();
  return custom;
}

std::string_view annotation_name(Cursor &cursor, const Annotation &annotation) {
  Body body(cursor, annotation, "@name");
  std::string_view name = body.name("missing name");
  body.expect_end();
  return name;
}

bool branch_hint(Cursor &cursor, const Annotation &annotation) {
  Body body(cursor, annotation, "@metadata.code.branch_hint");
  std::string_view value = body.at(TokenKind::String) ? body.string() : std::string_view{};
  if (value != std::string_view("\0", 1) && value != "\1")
    body.fail("malformed hint");
  body.expect_end();
  return value == "\1";
}

} // namespace trapeze::text
