// Two dangers in printing what a module says. Escape sequences drive terminals: hence `printable`. And a mangled name
// of 250 bytes can stand for one of 4 GiB: each substitution (`S1_`) can name twice what stands before it. The C++
// library has no way to stop a demangler, so a name is given to it only after a bound on the result's length: a
// substitution stands for at most all that stands before its first use, written out; a template parameter (`T_`) for at
// most all before it; a pack expansion (`Dp`, `sp`) may repeat the whole once per character. Names of real programs
// stay below the limit, and what is at the limit takes less than a second. Itanium C++ ABI, 5.1 (Mangling).
#include "base/readable.hh"

#include <cstdlib>
#include <cxxabi.h>
#include <map>
#include <memory>

namespace trapeze::base {

namespace {

constexpr usize longest_name = 4096;
constexpr double longest_result = 128 << 20;

/// Bytes of the UTF-8 sequence at the front of `text`, 0: none. Surrogates and overlong forms are none.
u32 utf8_length(std::string_view text) {
  auto byte = [&](usize i) { return static_cast<u8>(text[i]); };
  u8 first = byte(0);
  u32 length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length == 0 || length > text.size())
    return 0;
  u32 code = length == 1 ? first : first & (0x7f >> length);
  for (u32 i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80)
      return 0;
    code = code << 6 | (byte(i) & 0x3f);
  }
  static constexpr u32 least[] = {0, 0, 0x80, 0x800, 0x10000};
  return code < least[length] || (code >= 0xd800 && code < 0xe000) || code > 0x10ffff ? 0 : length;
}

bool is_control(std::string_view sequence) {
  u8 first = static_cast<u8>(sequence[0]);
  return first < 0x20 || first == 0x7f ||
         (sequence.size() == 2 && first == 0xc2 && static_cast<u8>(sequence[1]) < 0xa0);
}

/// The number in `S12_`, behind its first letter; steps over it. 0: none (`S_`, and what is no reference).
u32 sequence_id(std::string_view name, usize &at, bool &is_reference) {
  u32 id = 0;
  bool has_digits = false;
  for (; at < name.size() && id < longest_name; ++at, has_digits = true) {
    char c = name[at];
    if (c >= '0' && c <= '9')
      id = id * 36 + static_cast<u32>(c - '0');
    else if (c >= 'A' && c <= 'Z')
      id = id * 36 + static_cast<u32>(c - 'A' + 10);
    else
      break;
  }
  is_reference = at < name.size() && name[at] == '_';
  return has_digits ? id + 1 : 0;
}

/// Not less than the length of the demangled name, up to a small factor.
double demangled_size_bound(std::string_view name) {
  const double plain = static_cast<double>(name.size());
  const bool has_expressions =
      name.find('X') != name.npos || name.find("DT") != name.npos || name.find("Dt") != name.npos;
  std::map<u32, double> sizes; // of substitutions
  double total = 0, factor = 1;
  for (usize i = 0; i < name.size(); ++i, ++total) {
    std::string_view two = name.substr(i, 2);
    if (two == "Dp" || (two == "sp" && has_expressions))
      factor *= plain;
    if (name[i] != 'S' && name[i] != 'T')
      continue;
    usize behind = i + 1;
    bool is_reference = false;
    u32 id = sequence_id(name, behind, is_reference);
    if (is_reference)
      total += name[i] == 'T' ? total : sizes.try_emplace(id, total).first->second;
  }
  return total * factor;
}

std::string demangled_or_itself(const std::string &mangled, std::string_view name) {
  if (name.size() > longest_name || name.find('\0') != name.npos || demangled_size_bound(name) > longest_result)
    return printable(name);
  int status = 0;
  std::unique_ptr<char, decltype(&std::free)> text(
      __cxxabiv1::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status), &std::free);
  return printable(status == 0 ? std::string_view(text.get()) : name);
}

} // namespace

std::string printable(std::string_view text, usize limit) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  while (!text.empty()) {
    if (out.size() >= limit)
      return out + "...";
    u32 length = utf8_length(text);
    std::string_view sequence = text.substr(0, length == 0 ? 1 : length);
    text.remove_prefix(sequence.size());
    if (length != 0 && !is_control(sequence)) {
      out += sequence;
      continue;
    }
    for (char c : sequence)
      out += {'\\', 'x', digits[static_cast<u8>(c) >> 4], digits[static_cast<u8>(c) & 15]};
  }
  return out;
}

std::string demangled(std::string_view symbol) {
  return symbol.starts_with("_Z") ? demangled_or_itself(std::string(symbol), symbol) : printable(symbol);
}

std::string demangled_type(std::string_view name) { return demangled_or_itself(std::string(name), name); }

} // namespace trapeze::base
