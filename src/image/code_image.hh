// A compiled module: code and side tables in flat, relocatable form. It is what `compile` returns, what the runtime
// loads, and what a file holds: no pointers, little-endian, rows of one size, every table readable in place.
//
// CodeImage owns its tables and is what the linker fills. ImageView is the same as spans: all readers take it, so that
// a file that is mapped needs no copy. A view may be of a file that somebody damaged: its tables are what they are, and
// look-ups check a row's references to other tables where they follow them. What cannot be followed is not there;
// chains end after as many steps as there are rows.
//
// All code offsets are from the first byte of `code`. Tables are sorted by code offset.
#pragma once

#include "base/types.hh"
#include "image/compiled_function.hh"

#include <span>
#include <vector>

namespace trapeze::image {

/// One row per defined function, in order of code offset (= module index order).
struct FunctionRow {
  u32 func;
  u32 code_offset, code_size; ///< constants behind the code included
  FrameInfo frame;
  u32 text_size = 0;      ///< without the constants
  u32 first_region = 0;   ///< into `regions`; the next row's is the end, and clauses likewise
  u32 first_epilogue = 0; ///< into `epilogues`, likewise
};

/// As image::CallSite; region, slots and clauses index the image-wide tables below.
struct CallSiteRow {
  u32 return_offset;
  u32 function; ///< row in `functions`
  u32 region;
  u32 first_slot, slot_count;
};

struct TrapRow {
  u32 offset;
  abi::TrapCode code;
  u8 reserved[3] = {};
};

static_assert(have_no_padding<FunctionRow, CallSiteRow, TrapRow, abi::InlinedPosition>);

struct ImageView {
  std::span<const u8> code;
  std::span<const FunctionRow> functions;
  std::span<const CallSiteRow> calls;
  std::span<const Region> regions;
  std::span<const Clause> clauses; ///< pad: offset in the image
  std::span<const i32> ref_slots;
  std::span<const TrapRow> traps;
  std::span<const AddressEntry> addresses;
  std::span<const abi::InlinedPosition> inlined;
  std::span<const Epilogue> epilogues;
  u32 imported_funcs = 0;
  u32 cpu = 0; ///< features of the processor that the code may use: the target's bits

  /// Look-ups by binary search; null / -1 when there is none.
  const FunctionRow *find_function(u32 code_offset) const;
  const CallSiteRow *find_call(u32 return_offset) const;
  const TrapRow *find_trap(u32 code_offset) const;
  u32 position(u32 code_offset) const;    ///< abi/position.hh
  u32 wasm_offset(u32 code_offset) const; ///< in the function whose code it is, whatever stands inlined there; ~0: none
  /// The row that a position names, if it names one: its function, and where that was called.
  const abi::InlinedPosition *find_inlined(u32 position) const;

  /// The module's index of a row of `functions`.
  u32 func_of(const FunctionRow &row) const { return imported_funcs + static_cast<u32>(&row - functions.data()); }
  std::span<const i32> slots_of(const CallSiteRow &call) const {
    return part(ref_slots, call.first_slot, call.slot_count);
  }
  std::span<const Clause> clauses_of(const Region &region) const {
    return part(clauses, region.first_clause, region.clause_count);
  }
  std::span<const Epilogue> epilogues_of(u32 function) const;

  /// visit(region, clause) -> bool (go on?) for the clauses of a region and those around it, in the order of a search.
  template <typename Visit> void visit_clauses(u32 region, Visit &&visit) const {
    for (usize steps = regions.size(); region < regions.size() && steps-- > 0; region = regions[region].parent)
      for (const Clause &clause : clauses_of(regions[region]))
        if (!visit(region, clause))
          return;
  }

private:
  template <typename Row> static std::span<const Row> part(std::span<const Row> rows, u32 first, u32 count) {
    return first <= rows.size() && count <= rows.size() - first ? rows.subspan(first, count) : std::span<const Row>();
  }
};

struct CodeImage {
  std::vector<u8> code;
  std::vector<FunctionRow> functions;
  std::vector<CallSiteRow> calls;
  std::vector<Region> regions;
  std::vector<Clause> clauses;
  std::vector<i32> ref_slots;
  std::vector<TrapRow> traps;
  std::vector<AddressEntry> addresses;
  std::vector<abi::InlinedPosition> inlined;
  std::vector<Epilogue> epilogues;
  u32 imported_funcs = 0;
  u32 cpu = 0; ///< features of the processor that the code may use: the target's bits

  ImageView view() const {
    return {code,  functions, calls,   regions,   clauses,        ref_slots,
            traps, addresses, inlined, epilogues, imported_funcs, cpu};
  }
  operator ImageView() const { return view(); }
};

} // namespace trapeze::image
