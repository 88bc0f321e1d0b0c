// The question of every frame of a throw: is this call protected, and what catches first? A hash of the protected calls
// by return address answers it with one cache line, and most frames with one miss.
//
// Open addressing. Slots that the last ones overflow into and a free one stand behind, so probing neither wraps nor
// counts. The stubs read the table in place (runtime/stub_offsets.hh), and so does a mapped file: what a reader needs
// to end is checked once when the table is taken over (is_usable), its rows where they are used.
#pragma once

#include "image/code_image.hh"

#include <vector>

namespace trapeze::image {

/// A call site that some clause protects, with the first clause on the way out: that is mostly the one that catches, or
/// the only one.
struct HandledCall {
  u32 call_end = ~0u;   ///< offset of the call's last byte; ~0: free
  u32 tag_at = 0;       ///< where an instance's context has the clause's tag; catches_all
  u32 pad = 0;          ///< the clause's
  u32 region : 31 = 0;  ///< innermost
  u32 has_more : 1 = 0; ///< clauses behind that one
  static constexpr u32 catches_all = ~0u;
};

/// Multiplicative: the high bits of the product, one table entry's worth.
constexpr u32 call_hash(u32 call_end, u32 shift) { return (call_end * 0x9e3779b1u) >> shift; }

struct HandledCallsView {
  std::span<const HandledCall> slots;
  u32 shift = 0;
  /// Whether every probe ends inside: the hash reaches no slot behind the last one, which is free.
  bool is_usable() const {
    return shift >= 1 && shift <= 31 && slots.size() > u64{1} << (32 - shift) && slots.back().call_end == ~0u;
  }
};

struct HandledCalls {
  std::vector<HandledCall> slots;
  u32 shift = 0;
  HandledCallsView view() const { return {slots, shift}; }
};

/// `tags_offset`: of the tag array in the contexts of the module's instances.
HandledCalls hash_handled_calls(const ImageView &image, u32 tags_offset);

} // namespace trapeze::image
