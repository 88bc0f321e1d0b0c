// Spec: Text Format, Lexical Format; the annotations proposal for `(@id ...)`.
#include "text/lexer.hh"

#include "text/numbers.hh"
#include "text/strings.hh"

#include <algorithm>
#include <string>

namespace trapeze::text {

namespace {

constexpr std::string_view reserved_punctuation = ",;[]{}";

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

class Lexer {
public:
  Lexer(std::string_view source, u64 begin, u64 end) : source_(source.substr(0, end)), at_(begin) {}
  Result<TokenList> run();

private:
  bool fail(usize offset, std::string message);
  bool at_end() const { return at_ >= source_.size(); }
  char peek(usize ahead = 0) const { return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0'; }
  bool starts_with(std::string_view s) const { return source_.substr(at_).starts_with(s); }

  bool skip_space();
  bool skip_line_comment();
  bool skip_block_comment();
  bool next(Token &token);
  bool word(Token &token);
  bool string(std::string *value);
  bool classify(Token &token, u32 strings, bool punctuation);
  bool annotation();
  bool annotation_id(std::string &id);
  void push(Token token);

  std::string_view source_;
  usize at_;
  TokenList list_;
  std::vector<u32> open_;
  bool failed_ = false;
  Error error_;
};

bool Lexer::fail(usize offset, std::string message) {
  if (!failed_)
    error_ = {ErrorKind::Malformed, offset, std::move(message)};
  failed_ = true;
  return false;
}

bool Lexer::skip_line_comment() {
  while (!at_end() && peek() != '\n' && peek() != '\r') {
    u32 length = utf8_length(source_, at_);
    if (length == 0)
      return fail(at_, "malformed UTF-8 encoding");
    at_ += length;
  }
  return true;
}

bool Lexer::skip_block_comment() {
  usize start = at_;
  u32 depth = 0;
  do {
    if (at_end())
      return fail(start, "unclosed comment");
    if (starts_with("(;")) {
      ++depth;
      at_ += 2;
    } else if (starts_with(";)")) {
      --depth;
      at_ += 2;
    } else {
      u32 length = utf8_length(source_, at_);
      if (length == 0)
        return fail(at_, "malformed UTF-8 encoding");
      at_ += length;
    }
  } while (depth != 0);
  return true;
}

bool Lexer::skip_space() {
  while (!at_end()) {
    char c = peek();
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      ++at_;
    } else if (starts_with(";;")) {
      if (!skip_line_comment())
        return false;
    } else if (starts_with("(;")) {
      if (!skip_block_comment())
        return false;
    } else {
      break;
    }
  }
  return true;
}

bool Lexer::string(std::string *value) {
  usize start = at_;
  switch (scan_string(source_, at_, value)) {
  case StringStatus::Ok:
    return true;
  case StringStatus::Unclosed:
    return fail(start, "unclosed string");
  case StringStatus::IllegalCharacter:
    return fail(at_, "illegal character in string");
  case StringStatus::IllegalEscape:
    return fail(at_, "illegal escape in string");
  case StringStatus::MalformedUtf8:
    return fail(at_, "malformed UTF-8 encoding");
  }
  return false;
}

bool Lexer::classify(Token &token, u32 strings, bool punctuation) {
  std::string_view text = source_.substr(token.offset, token.length);
  token.kind = TokenKind::Reserved;
  if (punctuation)
    return true;
  if (text[0] == '$') {
    if (text.size() == 1 || text == "$\"\"")
      return fail(token.offset, "empty identifier");
    if (strings == 1 && text[1] == '"' && text.back() == '"') {
      std::string name = string_value(text.substr(1));
      if (!is_utf8(name))
        return fail(token.offset, "malformed UTF-8 encoding");
      token.kind = TokenKind::Id;
    } else if (strings == 0) {
      token.kind = TokenKind::Id;
    }
    return true;
  }
  if (strings > 0) {
    if (strings == 1 && text.front() == '"' && text.back() == '"')
      token.kind = TokenKind::String;
    return true;
  }
  switch (number_kind(text)) {
  case NumberKind::Nat:
    token.kind = TokenKind::Nat;
    break;
  case NumberKind::Int:
    token.kind = TokenKind::Int;
    break;
  case NumberKind::Float:
    token.kind = TokenKind::Float;
    break;
  case NumberKind::None:
    if (is_lower(text[0]))
      token.kind = TokenKind::Keyword;
    break;
  }
  return true;
}

bool Lexer::word(Token &token) {
  u32 strings = 0;
  bool punctuation = false;
  while (!at_end()) {
    char c = peek();
    if (is_idchar(c)) {
      ++at_;
    } else if (c == '"') {
      ++strings;
      if (!string(nullptr))
        return false;
    } else if (reserved_punctuation.find(c) != std::string_view::npos && !starts_with(";;")) {
      punctuation = true;
      ++at_;
    } else {
      break;
    }
  }
  token.length = static_cast<u32>(at_ - token.offset);
  if (token.length == 0) {
    if (utf8_length(source_, at_) == 0)
      return fail(at_, "malformed UTF-8 encoding");
    return fail(at_, "illegal character");
  }
  return classify(token, strings, punctuation);
}

/// One token, parentheses included; kind End at the end of the input.
bool Lexer::next(Token &token) {
  if (!skip_space())
    return false;
  token = {.offset = static_cast<u32>(at_), .length = at_end() ? 0u : 1u};
  if (at_end())
    return true;
  if (peek() == '(' || peek() == ')') {
    token.kind = peek() == '(' ? TokenKind::Open : TokenKind::Close;
    ++at_;
    return true;
  }
  return word(token);
}

bool Lexer::annotation_id(std::string &id) {
  usize start = at_;
  if (peek() == '"') {
    if (!string(&id))
      return false;
    if (!is_utf8(id))
      return fail(start, "malformed UTF-8 encoding");
  } else {
    while (is_idchar(peek()) && !at_end())
      id += source_[at_++];
  }
  return !id.empty() || fail(start, "empty annotation id");
}

/// `at_` stands on "(@". Inside an annotation anything with balanced parentheses goes.
bool Lexer::annotation() {
  Annotation a;
  a.offset = static_cast<u32>(at_);
  a.before = static_cast<u32>(list_.tokens.size());
  list_.first_annotation = std::min(list_.first_annotation, a.offset);
  at_ += 2;
  std::string id;
  if (!annotation_id(id))
    return false;
  bool known = true;
  if (id == "custom")
    a.kind = AnnotationKind::Custom;
  else if (id == "name")
    a.kind = AnnotationKind::Name;
  else if (id == "metadata.code.branch_hint")
    a.kind = AnnotationKind::BranchHint;
  else
    known = false;
  for (u32 depth = 1; depth != 0;) {
    Token token;
    if (!next(token))
      return false;
    if (token.kind == TokenKind::End)
      return fail(a.offset, "unclosed annotation");
    if (token.kind == TokenKind::Open)
      ++depth;
    if (token.kind == TokenKind::Close)
      --depth;
    if (depth == 0)
      token.kind = TokenKind::End;
    if (known)
      a.body.push_back(token);
  }
  if (known)
    list_.annotations.push_back(std::move(a));
  return true;
}

void Lexer::push(Token token) {
  u32 index = static_cast<u32>(list_.tokens.size());
  if (token.kind == TokenKind::Open) {
    open_.push_back(index);
  } else if (token.kind == TokenKind::Close) {
    if (open_.empty()) {
      fail(token.offset, "unexpected token )");
      return;
    }
    list_.tokens[open_.back()].match = index;
    open_.pop_back();
  }
  list_.tokens.push_back(token);
}

Result<TokenList> Lexer::run() {
  if (source_.size() > 0xffffffff)
    return trapeze::fail(ErrorKind::Resource, 0, "source text larger than 4 GiB");
  while (!failed_) {
    if (!skip_space())
      break;
    if (starts_with("(@")) {
      if (!annotation())
        break;
      continue;
    }
    Token token;
    if (!next(token))
      break;
    push(token);
    if (token.kind == TokenKind::End)
      break;
  }
  if (!failed_ && !open_.empty())
    fail(list_.tokens[open_.back()].offset, "unclosed parenthesis");
  if (failed_)
    return std::unexpected(std::move(error_));
  return std::move(list_);
}

} // namespace

Result<TokenList> tokenize(std::string_view source, u64 begin, u64 end) { return Lexer(source, begin, end).run(); }

} // namespace trapeze::text
