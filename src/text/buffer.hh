// Bytes of the binary format under construction, with the source text each run of them was written for.
// Spec: Binary Format, Values.
#pragma once

#include "base/types.hh"
#include "text/text.hh"

#include <span>
#include <string_view>
#include <vector>

namespace trapeze::text {

struct Buffer {
  std::vector<u8> bytes;
  std::vector<SourceMap::Entry> map;

  /// What is written from here on stands at `source` in the text.
  void mark(u32 source) { map.push_back({static_cast<u32>(bytes.size()), source}); }
  void byte(u32 b) { bytes.push_back(static_cast<u8>(b)); }
  void leb_u64(u64 v) {
    for (; v >= 0x80; v >>= 7)
      byte(static_cast<u32>(v & 0x7f) | 0x80);
    byte(static_cast<u32>(v));
  }
  void leb_u32(u32 v) { leb_u64(v); }
  /// s32, s33 and s64 have the same shortest form.
  void leb_s64(i64 v) {
    while (v < -64 || v >= 64) {
      byte(static_cast<u32>(v & 0x7f) | 0x80);
      v >>= 7;
    }
    byte(static_cast<u32>(v & 0x7f));
  }
  void little_endian(u64 v, u32 count) {
    for (u32 i = 0; i < count; ++i, v >>= 8)
      byte(static_cast<u32>(v & 0xff));
  }
  void raw(std::span<const u8> data) { bytes.insert(bytes.end(), data.begin(), data.end()); }
  void raw(std::string_view data) { bytes.insert(bytes.end(), data.begin(), data.end()); }
  void name(std::string_view data) {
    leb_u32(static_cast<u32>(data.size()));
    raw(data);
  }
  void append(const Buffer &other) {
    u32 base = static_cast<u32>(bytes.size());
    raw(std::span<const u8>(other.bytes));
    for (SourceMap::Entry e : other.map)
      map.push_back({e.binary + base, e.source});
  }
  void clear() {
    bytes.clear();
    map.clear();
  }
};

} // namespace trapeze::text
