// A compiled module: code and side tables in flat, relocatable form. It is what `compile` returns, what
// `runtime/load` maps, and (later) what a file holds: no pointers, little-endian, every table readable in place.
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
};

struct CodeImage {
  std::vector<u8> code;
  std::vector<FunctionRow> functions;
  std::vector<CallSiteRow> calls;
  std::vector<Region> regions;
  std::vector<Clause> clauses; ///< pad: offset in the image
  std::vector<i32> ref_slots;
  std::vector<TrapRow> traps;
  std::vector<AddressEntry> addresses;
  std::vector<Epilogue> epilogues;
  u32 imported_funcs = 0;

  /// Look-ups by binary search; null / -1 when there is none.
  const FunctionRow *find_function(u32 code_offset) const;
  const CallSiteRow *find_call(u32 return_offset) const;
  const TrapRow *find_trap(u32 code_offset) const;
  u32 wasm_offset(u32 code_offset) const; ///< ~0: none
};

} // namespace trapeze::image
