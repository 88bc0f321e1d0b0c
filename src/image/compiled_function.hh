// What a back end produces for one function: bytes and the facts about them that the runtime needs.
// Offsets are from the function's first byte; the linker (compile/module) rebases them into the image.
// Lists are in ascending order of offset.
//
// Clause, Region, Epilogue, AddressEntry and FrameInfo stand in images, and those in files (image/code_image.hh): they
// have no padding, whose bytes would be anything, and no bool, which a damaged file could give a third value.
#pragma once

#include "abi/position.hh"
#include "abi/traps.hh"
#include "base/types.hh"

#include <type_traits>
#include <vector>

namespace trapeze::image {

inline constexpr u32 no_region = ~0u;
inline constexpr u32 catch_all_tag = ~0u;

/// The 4 bytes at `offset` become target - (address of the byte behind them): a direct call or jump.
struct Relocation {
  u32 offset;
  u32 func; ///< module function index, never an import
};

/// An instruction that may fault: pc -> trap. Spec message by abi::message.
struct TrapSite {
  u32 offset;
  abi::TrapCode code;
};

/// A call, named by its return address: what an unwinder and the collector need there.
struct CallSite {
  u32 return_offset;
  u32 region = no_region;             ///< innermost region of this function
  u32 first_slot = 0, slot_count = 0; ///< into CompiledFunction::ref_slots: frame slots holding live references
};

/// One clause of a region. First match wins, then the parent's.
struct Clause {
  u32 tag; ///< module tag index, or catch_all_tag
  u32 pad; ///< code offset where the fast path lands, in the frame, with nothing in registers but rbp, rsp, r13
  u8 with_ref;
  u8 reserved[3] = {};
};

struct Region {
  u32 parent = no_region;
  u32 first_clause = 0, clause_count = 0;
  u32 system_pad = 0; ///< code offset where the system's unwinder lands; 0: none
};

/// Where a frame is torn down: from the first instruction that moves rsp up to behind the return or jump that ends it.
/// What follows has the whole frame again.
struct Epilogue {
  u32 begin, end;
};

struct AddressEntry {
  u32 code_offset; ///< from here on, up to the next entry
  u32 position;    ///< in the module (abi/position.hh)
};

struct FrameInfo {
  u32 size = 0;      ///< rbp - rsp in the body
  u8 saved_mask = 0; ///< bit i: i-th of rbx r12 r14 r15 saved, consecutively below the instance slot
  u8 has_instance_slot = false;
  u16 prologue_size = 0;      ///< bytes up to where the frame is complete
  u8 has_branch_mark = false; ///< endbr64 stands first
  u8 reserved[3] = {};
};

template <typename... Rows>
inline constexpr bool have_no_padding = (std::has_unique_object_representations_v<Rows> && ...);
static_assert(have_no_padding<Clause, Region, Epilogue, AddressEntry, abi::InlinedPosition, FrameInfo>);

struct CompiledFunction {
  u32 func = 0;         ///< module function index
  std::vector<u8> code; ///< hot part, cold part, constants
  u32 code_size = 0;    ///< without the constants behind it
  u32 alignment = 16;   ///< of the code's first byte: 16 where constants follow or speed counts
  std::vector<Relocation> relocations;
  std::vector<TrapSite> traps;
  std::vector<CallSite> calls;
  std::vector<Region> regions;
  std::vector<Clause> clauses;
  std::vector<i32> ref_slots; ///< rbp-relative byte offsets (negative) of 4-byte reference slots
  std::vector<AddressEntry> addresses;
  std::vector<abi::InlinedPosition> inlined;
  std::vector<Epilogue> epilogues;
  FrameInfo frame;

  void clear();
};

} // namespace trapeze::image
