// Number literals. Spec: Text Format, Values, Integers and Floating-Point.
#pragma once

#include "base/types.hh"

#include <string_view>

namespace trapeze::text {

enum class NumberKind : u8 { None, Nat, Int, Float };

/// Which production the whole of `s` matches: Nat has no sign, Int has one, Float a point, exponent, inf or nan.
NumberKind number_kind(std::string_view s);

/// False if the value does not fit in `max`. `s` is a Nat.
bool parse_nat(std::string_view s, u64 max, u64 &value);

/// An integer of `bits` (8 to 64) width, signed or unsigned as written; false if it is out of range.
/// `value` is its two's complement in `bits` bits. `s` is a Nat or Int.
bool parse_int(std::string_view s, u32 bits, u64 &value);

/// Rounded to nearest, ties to even; false if that overflows or a NaN payload does not fit.
/// `s` is a Nat, Int or Float; `value` is the bit pattern.
bool parse_f32(std::string_view s, u32 &value);
bool parse_f64(std::string_view s, u64 &value);

} // namespace trapeze::text
