// The language-specific data area (`.gcc_except_table`) of functions with regions: what the system's unwinder hands to
// our personality. Itanium C++ ABI, Exception Handling, "The LSDA"; encodings: Linux Standard Base, DWARF extensions.
//
// Problem: one table in the platform's format says what the engine's own rows (ImageView) say, readable in place by a
// personality that may neither allocate nor lock, in size linear to the calls and clauses whatever the nesting.
// Idea: one landing pad per region, the region's *system pad*; which clause it is, the chain of actions says. A clause
// has exactly one action record. A region's records follow each other in the order of its clauses, and the last one
// links to the first record of the nearest outer region that has any: the tree stays a tree.
//
//   offset        bytes          meaning
//   0             ff             LPStart omitted: landing pads count from the function's first byte
//   1             1b             type table entries are pcrel | sdata4
//   2             uleb128 (4)    distance from behind this field to the END of the type table
//   6             03             call-site records are udata4
//   7             uleb128 (5)    size of the call-site table
//   12            16 bytes each  call sites: start, length, landing pad (udata4 each), action as uleb128 in 4 bytes
//   ..                           actions: filter (sleb128), displacement from itself to the next record's start or 0
//   ..            00             up to a multiple of 4
//   ..            4 bytes each   types, the last clause's first: the entry of filter f is at END - 4 f
//   END
//
// uleb128 are padded to a fixed number of bytes, which the format allows: call sites have one size, so the reader
// searches them by bisection. The records cover [0, size of the function): a call inside a region is the one byte
// before its return address (unwinders ask for return address - 1), everything between has landing pad 0.
// The filter of a clause is its index among the function's clauses + 1. Its type entry is 0 for a catch-all, else the
// distance from the entry to a u32 in the section `trapeze_tags` that holds the module's tag index; word i of the
// section is i. What follows a catch-all in a chain is never reached, so it needs no order of its own.
//
// docs/exceptions.md has a worked example with bytes.
#pragma once

#include "base/types.hh"
#include "image/code_image.hh"

#include <span>
#include <vector>

namespace trapeze::image {

inline constexpr u32 no_lsda = ~0u;

/// The same where they lie; empty: the image has none.
struct LsdaView {
  std::span<const u8> areas, tags;
  std::span<const u32> offset_of;
};

/// Of all functions of an image. `bytes` is one block, 4-aligned: the areas, then the tag section, distances between
/// them resolved. It may stand anywhere in memory.
struct LsdaTables {
  /// A type entry, for those who put the two parts apart.
  struct TagReference {
    u32 offset, tag;
  };
  std::vector<u8> bytes;
  u32 tags_offset = 0;        ///< from here on: the tag section
  std::vector<u32> offset_of; ///< by row of ImageView::functions: where its area starts; no_lsda
  std::vector<TagReference> references;

  std::span<const u8> areas() const { return std::span(bytes).first(tags_offset); }
  std::span<const u8> tags() const { return std::span(bytes).subspan(tags_offset); }
  LsdaView view() const { return {areas(), tags(), offset_of}; }
};

LsdaTables write_lsda(const ImageView &image);

/// What a call site says. Landing pad 0: none; action 0: no clause, else a chain's head.
struct LsdaCall {
  u32 landing_pad = 0; ///< from the function's first byte
  u32 action = 0;
};

struct LsdaClause {
  u32 filter; ///< index among the function's clauses + 1
  u32 tag;    ///< module tag index or catch_all_tag
};

/// Reads the area of one function in place. Async-signal-safe: no allocation, no lock. Bytes that are no area, or a
/// broken one, are answered with "none"; nothing outside the two spans is read and every chain ends.
class LsdaReader {
public:
  /// `area` may go on behind the function's own; `tags` is the tag section.
  LsdaReader(std::span<const u8> area, std::span<const u8> tags);
  bool is_valid() const { return calls_ != nullptr; }

  /// The record that covers the offset (return address - 1 - function); false: none, or one without landing pad.
  bool find(u32 offset, LsdaCall &call) const;

  /// Clauses from a head on, innermost region first.
  class Chain {
  public:
    bool next(LsdaClause &clause);
    /// The head that a chain from the next record on would have; 0: there is none.
    u32 position() const { return at_ == nullptr ? 0 : static_cast<u32>(at_ - reader_.actions_) + 1; }

  private:
    friend class LsdaReader;
    Chain(const LsdaReader &reader, u32 action);
    const LsdaReader &reader_;
    const u8 *at_;   ///< null: at the end
    u32 steps_left_; ///< a chain without loops has no more
  };
  Chain chain(u32 action) const { return {*this, action}; }

  struct Record {
    u32 start, length;
    LsdaCall call;
  };
  u32 record_count() const { return count_; }
  bool record(u32 index, Record &out) const;
  /// Bytes of the area, type table included.
  u32 size() const { return static_cast<u32>(end_ - begin_); }

private:
  bool clause_of(u32 filter, LsdaClause &out) const;

  const u8 *begin_ = nullptr, *end_ = nullptr; ///< end of the type table
  const u8 *calls_ = nullptr, *actions_ = nullptr;
  u32 count_ = 0;
  std::span<const u8> tags_;
};

} // namespace trapeze::image
