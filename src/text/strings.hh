// Values of string tokens and identifiers. Spec: Text Format, Values, Strings and Names.
#pragma once

#include "base/types.hh"

#include <string>
#include <string_view>

namespace trapeze::text {

/// Length of the well-formed UTF-8 sequence at `at`, 0 if it is malformed or cut off.
u32 utf8_length(std::string_view s, usize at);
void append_utf8(std::string &out, u32 code_point);
bool is_idchar(char c);
/// Whether all of `s` is well-formed.
bool is_utf8(std::string_view s);

enum class StringStatus : u8 { Ok, Unclosed, IllegalCharacter, IllegalEscape, MalformedUtf8 };

/// Reads the string literal at s[at] (a quote); `at` moves behind its closing quote, or to the fault.
/// `value`, if given, receives the bytes it stands for.
StringStatus scan_string(std::string_view s, usize &at, std::string *value);

/// The bytes of a String token's text, quotes included.
std::string string_value(std::string_view literal);

/// `name` as the text format spells it: `"a\22b"`.
std::string quoted(std::string_view bytes);
/// `$name`, or `$"name"` where it has characters that identifiers may not have.
std::string identifier(std::string_view name);

} // namespace trapeze::text
