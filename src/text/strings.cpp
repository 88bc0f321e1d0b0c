// Spec: Text Format, Values, Strings; escapes are \t \n \r \" \' \\ \hh \u{h+}.
#include "text/strings.hh"

#include "base/assert.hh"
#include "base/byte_reader.hh"

#include <array>
#include <span>

namespace trapeze::text {

namespace {

constexpr auto idchars = [] {
  std::array<bool, 256> table{};
  for (char c = '0'; c <= '9'; ++c)
    table[static_cast<u8>(c)] = true;
  for (char c = 'A'; c <= 'Z'; ++c)
    table[static_cast<u8>(c)] = true;
  for (char c = 'a'; c <= 'z'; ++c)
    table[static_cast<u8>(c)] = true;
  for (char c : std::string_view("!#$%&'*+-./:<=>?@\\^_`|~"))
    table[static_cast<u8>(c)] = true;
  return table;
}();

int hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

/// `{h(_?h)*}` of `\u`; `at` stands on the brace.
bool scan_code_point(std::string_view s, usize &at, u32 &code) {
  if (at >= s.size() || s[at] != '{')
    return false;
  ++at;
  code = 0;
  bool digit_before = false;
  for (; at < s.size() && s[at] != '}'; ++at) {
    if (s[at] == '_' && digit_before) {
      digit_before = false;
      continue;
    }
    int digit = hex_digit(s[at]);
    if (digit < 0)
      return false;
    code = code * 16 + static_cast<u32>(digit);
    if (code > 0x10ffff)
      return false;
    digit_before = true;
  }
  if (at >= s.size() || !digit_before || (code >= 0xd800 && code < 0xe000))
    return false;
  ++at;
  return true;
}

/// One escape; `at` stands behind the backslash.
bool scan_escape(std::string_view s, usize &at, std::string *value) {
  if (at >= s.size())
    return false;
  constexpr std::string_view letters = "tnr\"'\\", bytes = "\t\n\r\"'\\";
  if (auto simple = letters.find(s[at]); simple != std::string_view::npos) {
    ++at;
    if (value)
      *value += bytes[simple];
    return true;
  }
  if (s[at] == 'u') {
    u32 code = 0;
    if (!scan_code_point(s, ++at, code))
      return false;
    if (value)
      append_utf8(*value, code);
    return true;
  }
  if (at + 1 >= s.size() || hex_digit(s[at]) < 0 || hex_digit(s[at + 1]) < 0)
    return false;
  if (value)
    *value += static_cast<char>(hex_digit(s[at]) * 16 + hex_digit(s[at + 1]));
  at += 2;
  return true;
}

} // namespace

bool is_utf8(std::string_view s) { return base::is_utf8({reinterpret_cast<const u8 *>(s.data()), s.size()}); }

bool is_idchar(char c) { return idchars[static_cast<u8>(c)]; }

// Unicode 15, table 3-7.
u32 utf8_length(std::string_view s, usize at) {
  auto byte = [&](usize i) -> u32 { return at + i < s.size() ? static_cast<u8>(s[at + i]) : 0; };
  auto follows = [&](usize i) { return (byte(i) & 0xc0) == 0x80; };
  u32 b0 = byte(0), b1 = byte(1);
  if (b0 < 0x80)
    return at < s.size() ? 1 : 0;
  if (b0 >= 0xc2 && b0 <= 0xdf)
    return follows(1) ? 2 : 0;
  if (b0 >= 0xe0 && b0 <= 0xef) {
    bool second = b0 == 0xe0 ? b1 >= 0xa0 && b1 <= 0xbf : b0 == 0xed ? b1 >= 0x80 && b1 <= 0x9f : follows(1);
    return second && follows(2) ? 3 : 0;
  }
  if (b0 >= 0xf0 && b0 <= 0xf4) {
    bool second = b0 == 0xf0 ? b1 >= 0x90 && b1 <= 0xbf : b0 == 0xf4 ? b1 >= 0x80 && b1 <= 0x8f : follows(1);
    return second && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

void append_utf8(std::string &out, u32 c) {
  auto put = [&](u32 byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | c >> 6);
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3f));
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  }
}

StringStatus scan_string(std::string_view s, usize &at, std::string *value) {
  ASSERT(at < s.size() && s[at] == '"');
  ++at;
  while (at < s.size() && s[at] != '"') {
    if (s[at] == '\\') {
      ++at;
      if (!scan_escape(s, at, value))
        return at >= s.size() ? StringStatus::Unclosed : StringStatus::IllegalEscape;
      continue;
    }
    u8 c = static_cast<u8>(s[at]);
    if (c == '\n' || c == '\r')
      return StringStatus::Unclosed;
    if (c < 0x20 || c == 0x7f)
      return StringStatus::IllegalCharacter;
    u32 length = utf8_length(s, at);
    if (length == 0)
      return StringStatus::MalformedUtf8;
    if (value)
      value->append(s.substr(at, length));
    at += length;
  }
  if (at >= s.size())
    return StringStatus::Unclosed;
  ++at;
  return StringStatus::Ok;
}

std::string string_value(std::string_view literal) {
  std::string value;
  usize at = 0;
  [[maybe_unused]] StringStatus status = scan_string(literal, at, &value);
  ASSERT(status == StringStatus::Ok); // the lexer let only well-formed literals through
  return value;
}

std::string quoted(std::string_view bytes) {
  constexpr char hex[] = "0123456789abcdef";
  std::string out = "\"";
  for (usize at = 0; at < bytes.size();) {
    u8 c = static_cast<u8>(bytes[at]);
    u32 length = c < 0x80 ? 1 : utf8_length(bytes, at);
    bool plain = length > 1 || (c >= 0x20 && c < 0x7f && c != '"' && c != '\\');
    if (plain) {
      out.append(bytes.substr(at, length));
    } else {
      out += '\\';
      out += hex[c >> 4];
      out += hex[c & 15];
    }
    at += length > 1 ? length : 1;
  }
  return out += '"';
}

std::string identifier(std::string_view name) {
  bool plain = !name.empty();
  for (char c : name)
    plain = plain && is_idchar(c);
  return "$" + (plain ? std::string(name) : quoted(name));
}

} // namespace trapeze::text
