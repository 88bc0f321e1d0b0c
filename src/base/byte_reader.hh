// A cursor over bytes with a sticky first error: once a read fails, every later read yields 0 and the
// cursor stands at the end, so decoders read whole structures and test once.
// Spec: Binary Format, Conventions and Values (LEB128 limits, UTF-8 names).
#pragma once

#include "base/result.hh"
#include "base/types.hh"

#include <span>
#include <string_view>

namespace trapeze::base {

class ByteReader {
public:
  /// `origin` is the offset of bytes[0] in the whole input: errors report origin + position.
  explicit ByteReader(std::span<const u8> bytes, u64 origin = 0) : bytes_(bytes), origin_(origin) {}

  u8 u8_() { return position_ < bytes_.size() ? bytes_[position_++] : unexpected_end(); }
  u32 u32_le();
  u64 u64_le();
  u32 leb_u32() { return is_short_leb() ? bytes_[position_++] : leb_u32_slow(); }
  u64 leb_u64() { return is_short_leb() ? bytes_[position_++] : leb_u64_slow(); }
  i32 leb_s32() { return is_short_leb() ? short_signed() : leb_s32_slow(); }
  i64 leb_s33() { return is_short_leb() ? short_signed() : leb_s33_slow(); }
  i64 leb_s64() { return is_short_leb() ? short_signed() : leb_s64_slow(); }
  std::span<const u8> bytes(u64 count);
  /// A length-prefixed UTF-8 name; malformed UTF-8 is an error.
  std::string_view name();
  u8 peek() const { return at_end() ? 0 : bytes_[position_]; }
  void skip(u64 count) { bytes(count); }

  bool at_end() const { return position_ == bytes_.size(); }
  std::span<const u8> rest() const { return bytes_.subspan(position_); }
  u64 remaining() const { return bytes_.size() - position_; }
  u64 position() const { return position_; }
  u64 offset() const { return origin_ + position_; }
  void seek(u64 position) { position_ = position; }

  bool failed() const { return failed_; }
  const Error &error() const { return error_; }
  /// The first error wins; the cursor moves to the end.
  void set_error(u64 offset, std::string message, ErrorKind kind = ErrorKind::Malformed);
  /// Ok, or the sticky error.
  Result<void> status() const;

private:
  bool is_short_leb() const { return position_ < bytes_.size() && bytes_[position_] < 0x80; }
  i32 short_signed() { return static_cast<i32>(static_cast<u32>(bytes_[position_++]) << 25) >> 25; }
  u8 unexpected_end();
  u32 leb_u32_slow();
  u64 leb_u64_slow();
  i32 leb_s32_slow();
  i64 leb_s33_slow();
  i64 leb_s64_slow();
  template <typename T, int Bits> T leb();

  std::span<const u8> bytes_;
  u64 origin_ = 0;
  u64 position_ = 0;
  bool failed_ = false;
  Error error_;
};

/// Whether the bytes are well-formed UTF-8 (Unicode 15, table 3-7: no surrogates, no overlong forms).
bool is_utf8(std::span<const u8> bytes);

} // namespace trapeze::base
