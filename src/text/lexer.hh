// Source text -> tokens. Spec: Text Format, Lexical Format.
//
// The whole source is cut into tokens at once, with the matching parenthesis of each opening one, so the
// parser can skip a field in O(1) and needs no recursion to find its end. A token is a span of the source;
// its value (number, string, identifier) is computed where it is needed (numbers.hh, strings.hh).
//
// Words are cut by longest match over everything that may not touch without a space (identifier characters,
// strings, reserved punctuation), and classified afterwards: `"a""b"`, `0x`, `0drop` become one Reserved
// token, which no production takes.
//
// Annotations `(@id ...)` are white space to the parser. Those the engine interprets are kept aside with the
// index of the token that follows; whoever understands one at that place claims it, and an annotation that
// nobody claimed is misplaced.
#pragma once

#include "base/result.hh"
#include "base/types.hh"

#include <string_view>
#include <vector>

namespace trapeze::text {

enum class TokenKind : u8 {
  Open,     ///< (
  Close,    ///< )
  Keyword,  ///< starts with a lower-case letter
  Id,       ///< $name or $"name"
  String,   ///< well-formed, escapes checked
  Nat,      ///< unsigned integer
  Int,      ///< signed integer
  Float,    ///< has a point, an exponent, or is inf or nan
  Reserved, ///< lexically possible, never meaningful
  End,
};

struct Token {
  u32 offset = 0, length = 0;
  u32 match = 0; ///< Open: index of its Close
  TokenKind kind = TokenKind::End;
};

enum class AnnotationKind : u8 { Custom, Name, BranchHint };

struct Annotation {
  AnnotationKind kind = AnnotationKind::Custom;
  bool claimed = false;
  u32 offset = 0;
  u32 before = 0;          ///< index of the token that follows the annotation
  std::vector<Token> body; ///< between its name and its closing parenthesis, then one End
};

struct TokenList {
  std::vector<Token> tokens; ///< the last one is End
  std::vector<Annotation> annotations;
  u32 first_annotation = ~0u; ///< offset of the first one of any id; ~0: there is none
};

/// Offsets count from the start of `source`, of which [begin, end) is cut.
Result<TokenList> tokenize(std::string_view source, u64 begin, u64 end);

} // namespace trapeze::text
