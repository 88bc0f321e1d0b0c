// The slow halves of ByteReader: multi-byte LEB128 with the spec's limits, names, errors.
//
// LEB128 of N bits has at most ceil(N / 7) bytes; in the last one the bits beyond N must be zero, or copies of the
// sign. Both violations have their own text in the spec suite: "integer representation too long" and "integer too
// large".
#include "base/byte_reader.hh"

#include <bit>
#include <cstring>
#include <type_traits>

namespace trapeze::base {

u8 ByteReader::unexpected_end() {
  set_error(offset(), origin_ == 0 ? "unexpected end" : "unexpected end of section or function");
  return 0;
}

void ByteReader::set_error(u64 offset, std::string message, ErrorKind kind) {
  if (!failed_) {
    failed_ = true;
    error_ = Error{kind, offset, std::move(message)};
  }
  position_ = bytes_.size();
}

Result<void> ByteReader::status() const {
  if (failed_)
    return std::unexpected(error_);
  return {};
}

template <typename T, int Bits> T ByteReader::leb() {
  using Unsigned = std::make_unsigned_t<T>;
  constexpr int max_bytes = (Bits + 6) / 7;
  constexpr int last_bits = Bits - 7 * (max_bytes - 1); // bits of the value in the last byte
  const u64 start = offset();
  Unsigned value = 0;
  for (int i = 0; i < max_bytes; ++i) {
    if (at_end())
      return static_cast<T>(unexpected_end());
    const u8 byte = bytes_[position_++];
    value |= static_cast<Unsigned>(byte & 0x7f) << (7 * i);
    if (i == max_bytes - 1) {
      if (byte & 0x80) {
        set_error(start, "integer representation too long");
        return 0;
      }
      constexpr u8 unused = static_cast<u8>(0x7f & ~((1u << last_bits) - 1));
      const bool negative = std::is_signed_v<T> && (byte >> (last_bits - 1) & 1);
      if ((byte & unused) != (negative ? unused : 0)) {
        set_error(start, "integer too large");
        return 0;
      }
    }
    if (!(byte & 0x80)) {
      if constexpr (std::is_signed_v<T>) {
        const int width = 7 * (i + 1);
        if (width < static_cast<int>(8 * sizeof(T)) && (byte & 0x40))
          value |= ~Unsigned{0} << width;
      }
      return static_cast<T>(value);
    }
  }
  return 0;
}

u32 ByteReader::leb_u32_slow() { return leb<u32, 32>(); }
u64 ByteReader::leb_u64_slow() { return leb<u64, 64>(); }
i32 ByteReader::leb_s32_slow() { return leb<i32, 32>(); }
i64 ByteReader::leb_s33_slow() { return leb<i64, 33>(); }
i64 ByteReader::leb_s64_slow() { return leb<i64, 64>(); }

std::span<const u8> ByteReader::bytes(u64 count) {
  if (count > remaining()) {
    unexpected_end();
    return {};
  }
  const auto result = bytes_.subspan(position_, count);
  position_ += count;
  return result;
}

u32 ByteReader::u32_le() {
  static_assert(std::endian::native == std::endian::little);
  u32 value = 0;
  if (const auto b = bytes(sizeof value); !b.empty())
    std::memcpy(&value, b.data(), sizeof value);
  return value;
}

u64 ByteReader::u64_le() {
  u64 value = 0;
  if (const auto b = bytes(sizeof value); !b.empty())
    std::memcpy(&value, b.data(), sizeof value);
  return value;
}

std::string_view ByteReader::name() {
  const u64 start = offset();
  const u32 length = leb_u32();
  if (!failed_ && length > remaining())
    set_error(start, "length out of bounds");
  const auto b = bytes(length);
  if (!is_utf8(b)) {
    set_error(start, "malformed UTF-8 encoding");
    return {};
  }
  return {reinterpret_cast<const char *>(b.data()), b.size()};
}

namespace {

/// Length of the sequence that `lead` opens, and the bounds of its second byte (Unicode, table 3-7); length 0: none.
struct Sequence {
  u8 length, low, high;
};

Sequence sequence(u8 lead) {
  if (lead < 0x80)
    return {1, 0, 0};
  if (lead < 0xc2)
    return {0, 0, 0};
  if (lead < 0xe0)
    return {2, 0x80, 0xbf};
  if (lead < 0xf0)
    return {3, static_cast<u8>(lead == 0xe0 ? 0xa0 : 0x80), static_cast<u8>(lead == 0xed ? 0x9f : 0xbf)};
  if (lead < 0xf5)
    return {4, static_cast<u8>(lead == 0xf0 ? 0x90 : 0x80), static_cast<u8>(lead == 0xf4 ? 0x8f : 0xbf)};
  return {0, 0, 0};
}

} // namespace

bool is_utf8(std::span<const u8> bytes) {
  usize i = 0;
  for (u64 eight; bytes.size() - i >= sizeof eight; i += sizeof eight) { // nearly every name is ASCII
    std::memcpy(&eight, bytes.data() + i, sizeof eight);
    if ((eight & 0x8080'8080'8080'8080) != 0)
      break;
  }
  while (i < bytes.size()) {
    const Sequence s = sequence(bytes[i]);
    if (s.length == 0 || s.length > bytes.size() - i)
      return false;
    for (usize k = 1; k < s.length; ++k) {
      const u8 low = k == 1 ? s.low : 0x80, high = k == 1 ? s.high : 0xbf;
      if (bytes[i + k] < low || bytes[i + k] > high)
        return false;
    }
    i += s.length;
  }
  return true;
}

} // namespace trapeze::base
