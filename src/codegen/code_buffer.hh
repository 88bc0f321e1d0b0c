// Bytes of one function while it is emitted: labels, jumps whose length is decided at the end, and
// 32-bit fix-ups relative to the end of an instruction.
//
// Problem: a forward jump's length depends on the distance, which depends on the jumps between.
// Idea: emit every jump long, then `shrink` those that reach with 8 bits and close the gaps; every offset
// noted before (tables, labels) goes through `moved`. Shortening only brings things closer, so a jump that
// is short once stays so: two rounds find nearly all, any number is right.
// Invariants: jumps, labels and fix-ups name offsets of the same state (all before or all after `shrink`).
#pragma once

#include "base/id_vec.hh"
#include "base/types.hh"

#include <vector>

namespace trapeze::codegen {

enum class Label : u32 {};
inline constexpr Label no_label = base::none_id<Label>();

/// How a target encodes its jumps: the long form is at the jump's offset when shrink runs.
struct JumpShape {
  u8 long_size, short_size; ///< displacement is the last field of both: 4 bytes and 1 byte
};

class CodeBuffer {
public:
  std::vector<u8> bytes;

  void clear();
  u32 size() const { return static_cast<u32>(bytes.size()); }
  void put8(u8 v) { bytes.push_back(v); }
  void put32(u32 v) { put(v, 4); }
  void put64(u64 v) { put(v, 8); }
  void put(u64 v, u32 count) {
    for (u32 i = 0; i < count; ++i)
      bytes.push_back(static_cast<u8>(v >> (8 * i)));
  }
  void align(u32 to, u8 fill) {
    while (bytes.size() % to != 0)
      bytes.push_back(fill);
  }

  Label label() { return labels_.push(unbound); }
  void bind(Label l) { labels_[l] = size(); }
  bool is_bound(Label l) const { return labels_[l] != unbound; }
  u32 offset(Label l) const { return labels_[l]; }

  /// The 4 bytes at `field` become offset(target) - end.
  void fix_up(u32 field, u32 end, Label target) { fix_ups_.push_back({field, end, target}); }
  /// A jump in its long form has just been written from `start` on; the target is set by `resolve`.
  void jump(u32 start, JumpShape shape, Label target) { jumps_.push_back({start, shape, target, false}); }

  /// Shortens jumps. `shorten(bytes, from, to)` writes the short opcode at `to`, given the long one at `from`.
  void shrink(void (*shorten)(u8 *bytes, u32 from, u32 to));
  /// Where an offset noted before `shrink` is now.
  u32 moved(u32 offset) const;
  /// Writes all displacements. Every label is bound by now.
  void resolve();

private:
  static constexpr u32 unbound = ~0u;
  struct FixUp {
    u32 field, end;
    Label target;
  };
  struct Jump {
    u32 start;
    JumpShape shape;
    Label target;
    bool is_short;
  };
  struct Gap {
    u32 end, saved; ///< offsets from `end` on have moved down by `saved`
  };
  void note_gaps();

  base::IdVec<Label, u32> labels_;
  std::vector<FixUp> fix_ups_;
  std::vector<Jump> jumps_; ///< ascending
  std::vector<Gap> gaps_;
  mutable usize last_gap_ = 0; ///< where `moved` found its last answer: tables ascend
};

} // namespace trapeze::codegen
