// Spec: Text Format, Lexical Format (names of the errors as in the spec's test suite).
#include "text/cursor.hh"

#include "text/numbers.hh"
#include "text/strings.hh"

#include <algorithm>
#include <bit>
#include <fmt/format.h>

namespace trapeze::text {

bool Cursor::take(TokenKind kind) {
  if (!at(kind))
    return false;
  advance();
  return true;
}

bool Cursor::take_keyword(std::string_view word) {
  if (!at_keyword(word))
    return false;
  advance();
  return true;
}

bool Cursor::take_open(std::string_view word) {
  if (!at_open(word))
    return false;
  at_ += 2;
  return true;
}

void Cursor::expect(TokenKind kind) {
  if (!take(kind))
    unexpected();
}

void Cursor::expect_keyword(std::string_view word) {
  if (!take_keyword(word))
    unexpected();
}

std::string_view Cursor::string() {
  if (!at(TokenKind::String)) {
    unexpected();
    return {};
  }
  std::string_view value = string_value_of(peek());
  advance();
  return value;
}

std::string_view Cursor::string_value_of(const Token &t) {
  std::string_view literal = text(t);
  if (literal.find('\\') == std::string_view::npos)
    return literal.substr(1, literal.size() - 2);
  return keep(string_value(literal));
}

std::string_view Cursor::name() {
  u32 offset = peek().offset;
  std::string_view value = string();
  if (!is_utf8(value))
    fail(offset, "malformed UTF-8 encoding");
  return value;
}

std::string_view Cursor::id_value(const Token &t) {
  std::string_view word = text(t).substr(1);
  if (word[0] != '"')
    return word;
  if (word.find('\\') == std::string_view::npos)
    return word.substr(1, word.size() - 2);
  return keep(string_value(word));
}

std::string_view Cursor::optional_id() {
  if (!at(TokenKind::Id))
    return {};
  std::string_view value = id_value(peek());
  advance();
  return value;
}

u64 Cursor::nat(u64 max) {
  if (!at(TokenKind::Nat)) {
    unexpected();
    return 0;
  }
  u64 value = 0;
  if (!parse_nat(text(peek()), max, value)) {
    fail(peek().offset, fmt::format("i{} constant out of range", std::bit_width(max)));
    return 0;
  }
  advance();
  return value;
}

void Cursor::fail(u32 offset, std::string message, ErrorKind kind) {
  if (!failed_)
    error_ = {kind, offset, std::move(message)};
  failed_ = true;
  at_ = last_;
}

void Cursor::unexpected() {
  const Token &t = peek();
  if (t.kind == TokenKind::End)
    fail(t.offset, "unexpected end of input");
  else if (t.kind == TokenKind::Reserved)
    fail(t.offset, fmt::format("unknown operator {}", text(t)));
  else
    fail(t.offset, fmt::format("unexpected token {}", text(t)));
}

Annotation *Cursor::claim(AnnotationKind kind) {
  if (list_.annotations.empty() || failed_)
    return nullptr;
  auto first = std::lower_bound(list_.annotations.begin(), list_.annotations.end(), at_,
                                [](const Annotation &a, u32 index) { return a.before < index; });
  for (; first != list_.annotations.end() && first->before == at_; ++first)
    if (first->kind == kind && !first->claimed) {
      first->claimed = true;
      return &*first;
    }
  return nullptr;
}

void Cursor::check_annotations() {
  for (const Annotation &a : list_.annotations) {
    if (a.claimed || failed_)
      continue;
    switch (a.kind) {
    case AnnotationKind::Custom:
      fail(a.offset, "misplaced @custom annotation");
      break;
    case AnnotationKind::Name:
      fail(a.offset, "misplaced @name annotation");
      break;
    case AnnotationKind::BranchHint:
      fail(a.offset, "@metadata.code.branch_hint annotation: not in a function");
      break;
    }
  }
}

} // namespace trapeze::text
