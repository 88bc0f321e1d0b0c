// Decimal floats go through std::from_chars (correctly rounded, locale-free) after the underscores are
// taken out. Hexadecimal ones are rounded here: the mantissa's first 64 bits and a sticky bit say it all.
#include "text/numbers.hh"

#include "base/assert.hh"

#include <algorithm>
#include <bit>
#include <charconv>
#include <limits>
#include <string>

namespace trapeze::text {

namespace {

bool is_digit(char c, bool hex) {
  return (c >= '0' && c <= '9') || (hex && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')));
}

u32 digit_value(char c) { return static_cast<u32>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10); }

/// Takes digit (_? digit)* from the front.
bool take_digits(std::string_view &s, bool hex) {
  if (s.empty() || !is_digit(s[0], hex))
    return false;
  usize i = 1;
  while (i < s.size() && (is_digit(s[i], hex) || (s[i] == '_' && i + 1 < s.size() && is_digit(s[i + 1], hex))))
    ++i;
  s.remove_prefix(i);
  return true;
}

bool take_sign(std::string_view &s, bool &negative) {
  negative = !s.empty() && s[0] == '-';
  if (s.empty() || (s[0] != '-' && s[0] != '+'))
    return false;
  s.remove_prefix(1);
  return true;
}

bool take_exponent(std::string_view &s) {
  bool negative;
  s.remove_prefix(1);
  take_sign(s, negative);
  return take_digits(s, false);
}

/// Sign, mantissa and exponent limits of an IEEE format.
template <typename Bits> struct Format {
  static constexpr u32 width = sizeof(Bits) * 8;
  static constexpr u32 fraction = width == 32 ? 23 : 52;
  static constexpr i64 bias = width == 32 ? 127 : 1023;
  static constexpr Bits infinity = Bits((Bits{1} << (width - 1 - fraction)) - 1) << fraction;
  static constexpr Bits sign = Bits{1} << (width - 1);
};

/// mantissa * 2^exponent, plus something below the last bit if sticky; false on overflow.
template <typename Bits> bool round_binary(u64 mantissa, i64 exponent, bool sticky, Bits &value) {
  using F = Format<Bits>;
  value = 0;
  if (mantissa == 0)
    return true;
  int shift = std::countl_zero(mantissa);
  mantissa <<= shift; // now mantissa = 1.xxx * 2^63
  i64 unbiased = exponent - shift + 63;
  i64 drop = 63 - F::fraction;
  bool normal = unbiased >= 1 - F::bias;
  if (!normal)
    drop += 1 - F::bias - unbiased;
  if (drop > 64)
    return true; // below half of the least subnormal
  u64 kept = drop == 64 ? 0 : mantissa >> drop;
  u64 rest = drop == 64 ? mantissa : mantissa << (64 - drop);
  constexpr u64 half = u64{1} << 63;
  if (rest > half || (rest == half && (sticky || (kept & 1))))
    ++kept;
  // A carry out of the fraction raises the exponent by itself.
  u64 biased = normal ? static_cast<u64>(unbiased + F::bias) - 1 : 0;
  if (normal && biased >= static_cast<u64>(2 * F::bias))
    return false;
  u64 bits = (biased << F::fraction) + kept;
  value = static_cast<Bits>(bits);
  return bits < F::infinity;
}

/// Exponents beyond this saturate: no literal that fits in memory can bring the value back into range.
constexpr i64 exponent_limit = i64{1} << 40;

i64 parse_exponent(std::string_view s) {
  bool negative;
  take_sign(s, negative);
  i64 value = 0;
  for (char c : s)
    if (c != '_')
      value = std::min(value * 10 + static_cast<i64>(digit_value(c)), exponent_limit);
  return negative ? -value : value;
}

/// `s` behind "0x".
template <typename Bits> bool parse_hex(std::string_view s, Bits &value) {
  u64 mantissa = 0;
  i64 exponent = 0;
  bool sticky = false, fraction = false;
  for (usize i = 0; i < s.size(); ++i) {
    if (s[i] == '_')
      continue;
    if (s[i] == '.') {
      fraction = true;
      continue;
    }
    if (s[i] == 'p' || s[i] == 'P') {
      exponent += parse_exponent(s.substr(i + 1));
      break;
    }
    if (mantissa >> 60 == 0) {
      mantissa = mantissa << 4 | digit_value(s[i]);
      exponent -= fraction ? 4 : 0;
    } else {
      sticky = sticky || s[i] != '0';
      exponent += fraction ? 0 : 4;
    }
  }
  return round_binary(mantissa, exponent, sticky, value);
}

/// Whether a decimal literal is smaller than 1, for telling underflow from overflow.
bool is_below_one(std::string_view s) {
  i64 leading = 0; // decimal exponent of the first significant digit, plus one
  bool point = false, significant = false;
  for (usize i = 0; i < s.size(); ++i) {
    if (s[i] == '.') {
      point = true;
    } else if (s[i] == 'e' || s[i] == 'E') {
      leading += parse_exponent(s.substr(i + 1));
      break;
    } else if (!significant && s[i] == '0') {
      leading -= point ? 1 : 0;
    } else {
      significant = true;
      leading += point ? 0 : 1;
    }
  }
  return !significant || leading <= 0;
}

template <typename Bits, typename Float> bool parse_decimal(std::string_view s, Bits &value) {
  std::string digits;
  digits.reserve(s.size());
  std::copy_if(s.begin(), s.end(), std::back_inserter(digits), [](char c) { return c != '_'; });
  // from_chars wants an exponent that fits; parse_exponent's saturation is beyond any range.
  Float number = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, std::chars_format::general);
  if (error == std::errc::result_out_of_range) {
    if (!is_below_one(digits))
      return false;
    number = 0;
  }
  value = std::bit_cast<Bits>(number);
  return (value & Format<Bits>::infinity) != Format<Bits>::infinity;
}

template <typename Bits> bool parse_nan(std::string_view s, Bits &value) {
  using F = Format<Bits>;
  u64 payload = u64{1} << (F::fraction - 1);
  if (s.size() > 3) {
    if (!parse_nat(s.substr(4), (u64{1} << F::fraction) - 1, payload) || payload == 0)
      return false;
  }
  value = static_cast<Bits>(F::infinity | payload);
  return true;
}

template <typename Bits, typename Float> bool parse_float(std::string_view s, Bits &value) {
  bool negative, ok = true;
  take_sign(s, negative);
  if (s == "inf")
    value = Format<Bits>::infinity;
  else if (s.starts_with("nan"))
    ok = parse_nan(s, value);
  else if (s.starts_with("0x"))
    ok = parse_hex(s.substr(2), value);
  else
    ok = parse_decimal<Bits, Float>(s, value);
  if (negative)
    value |= Format<Bits>::sign;
  return ok;
}

} // namespace

NumberKind number_kind(std::string_view s) {
  bool negative;
  bool has_sign = take_sign(s, negative);
  if (s == "inf" || s == "nan")
    return NumberKind::Float;
  if (s.starts_with("nan:0x")) {
    s.remove_prefix(6);
    return take_digits(s, true) && s.empty() ? NumberKind::Float : NumberKind::None;
  }
  bool hex = s.starts_with("0x");
  if (hex)
    s.remove_prefix(2);
  if (!take_digits(s, hex))
    return NumberKind::None;
  if (s.empty())
    return has_sign ? NumberKind::Int : NumberKind::Nat;
  if (s[0] == '.') {
    s.remove_prefix(1);
    take_digits(s, hex);
  }
  if (!s.empty() && (s[0] | 0x20) == (hex ? 'p' : 'e') && !take_exponent(s))
    return NumberKind::None;
  return s.empty() ? NumberKind::Float : NumberKind::None;
}

bool parse_nat(std::string_view s, u64 max, u64 &value) {
  bool hex = s.starts_with("0x");
  if (hex)
    s.remove_prefix(2);
  u64 base = hex ? 16 : 10;
  value = 0;
  for (char c : s) {
    if (c == '_')
      continue;
    u64 digit = digit_value(c);
    if (value > (max - digit) / base || digit > max)
      return false;
    value = value * base + digit;
  }
  return true;
}

bool parse_int(std::string_view s, u32 bits, u64 &value) {
  bool negative;
  bool has_sign = take_sign(s, negative);
  u64 mask = bits == 64 ? ~u64{0} : (u64{1} << bits) - 1;
  u64 max = negative ? u64{1} << (bits - 1) : has_sign ? mask >> 1 : mask;
  if (!parse_nat(s, max, value))
    return false;
  if (negative)
    value = (0 - value) & mask;
  return true;
}

bool parse_f32(std::string_view s, u32 &value) { return parse_float<u32, f32>(s, value); }
bool parse_f64(std::string_view s, u64 &value) { return parse_float<u64, f64>(s, value); }

} // namespace trapeze::text
