// A cursor over tokens with a sticky first error: after a failure it stands at the end for good, every
// `take` says no and every value is 0, so parsers read whole productions and test once. A loop over tokens
// must therefore stop at the end of the input.
#pragma once

#include "base/result.hh"
#include "text/lexer.hh"

#include <deque>
#include <string>
#include <string_view>

namespace trapeze::text {

class Cursor {
public:
  Cursor(std::string_view source, TokenList &list)
      : source_(source), list_(list), last_(static_cast<u32>(list.tokens.size() - 1)) {}

  const Token &peek(u32 ahead = 0) const { return list_.tokens[at_ + ahead < last_ ? at_ + ahead : last_]; }
  u32 index() const { return at_; }
  void seek(u32 index) {
    if (!failed_)
      at_ = index;
  }
  void advance() { at_ += at_ < last_; }
  const Token &token(u32 index) const { return list_.tokens[index]; }
  std::string_view text(const Token &t) const { return source_.substr(t.offset, t.length); }
  std::string_view source() const { return source_; }

  bool at(TokenKind kind) const { return peek().kind == kind; }
  bool at_end() const { return at(TokenKind::End); }
  bool at_keyword(std::string_view word, u32 ahead = 0) const {
    return peek(ahead).kind == TokenKind::Keyword && text(peek(ahead)) == word;
  }
  /// "(" and the keyword.
  bool at_open(std::string_view word) const { return at(TokenKind::Open) && at_keyword(word, 1); }
  bool at_index() const { return at(TokenKind::Nat) || at(TokenKind::Id); }
  bool take(TokenKind kind);
  bool take_keyword(std::string_view word);
  bool take_open(std::string_view word);
  /// Behind the parenthesis that closes the group whose "(" is the current token.
  void skip_group() { seek(peek().match + 1); }

  void expect(TokenKind kind);
  void expect_close() { expect(TokenKind::Close); }
  void expect_keyword(std::string_view word);

  /// String contents; the views live as long as the cursor.
  std::string_view string();
  /// A string that must be UTF-8.
  std::string_view name();
  /// An identifier without its `$`, equal for `$a` and `$"a"`; empty if there is none.
  std::string_view optional_id();
  std::string_view id_value(const Token &t);
  std::string_view string_value_of(const Token &t);
  u64 nat(u64 max);
  u32 nat32() { return static_cast<u32>(nat(0xffffffff)); }

  bool failed() const { return failed_; }
  Error take_error() { return std::move(error_); }
  void fail(u32 offset, std::string message, ErrorKind kind = ErrorKind::Malformed);
  /// The error for a token that no production takes here.
  void unexpected();

  /// The unclaimed annotation of this kind before the current token, claimed; null if there is none.
  Annotation *claim(AnnotationKind kind);
  /// Error of the first annotation nobody claimed.
  void check_annotations();

private:
  std::string_view keep(std::string s) { return kept_.emplace_back(std::move(s)); }

  std::string_view source_;
  TokenList &list_;
  u32 at_ = 0;
  u32 last_;
  bool failed_ = false;
  Error error_;
  std::deque<std::string> kept_;
};

} // namespace trapeze::text
