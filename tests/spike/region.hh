// One region of code under one frame description: what the engine will reserve, in small.
//
// The region starts with the hand-written blob of frames.S; functions made by LLVM are appended. Two FDEs are
// registered with the platform's unwinder, whatever is added later: one for the border (it saves the C++ caller's
// registers), one for everything else, whose frames share one layout: CFA = rbp + 16, rbp and return address below it.
#pragma once

#include "abi/vmctx.hh"
#include "base/types.hh"

#include <array>
#include <map>
#include <string>
#include <vector>

namespace trapeze::spike {

inline constexpr u32 tag_none = ~1u, tag_all = ~0u;

/// Where a frame keeps its caller's registers: rbp-relative, 0 = not saved. Order rbx r12 r13 r14 r15.
struct SavedRegisters {
  std::array<i32, 5> at{};
};

/// A call, by its return address (own code) or by the range it lies in (LLVM merges neighbouring calls).
struct Site {
  u32 begin = 0, end = 0; ///< return addresses in (begin, end]
  u32 pad = 0, system_pad = 0;
  u32 tag = tag_none, clause = 0;
  i32 instance_at = 0; ///< rbp-relative place of the frame's own instance
};

struct Function {
  u32 begin = 0, end = 0;
  SavedRegisters saved;
  bool expects_registers = false; ///< its pads are LLVM's: callee-saved registers as they were at the call
};

class Region {
public:
  Region();
  ~Region();
  Region(const Region &) = delete;
  Region &operator=(const Region &) = delete;

  u8 *base() const { return base_; }
  /// Address of a symbol of frames.S inside the region.
  u8 *own(const void *symbol) const;
  /// Appends code, 64-byte aligned; returns its offset.
  u32 append(const u8 *code, size_t size);
  void add(const Function &function) { functions_.push_back(function); }
  void add(const Site &site);
  /// Maps the code executable and registers the two FDEs.
  void publish();

  const Site *site(u32 return_offset) const;
  /// Callee-saved registers kept by the frame that a return address belongs to.
  SavedRegisters saved(u32 return_offset) const;
  bool expects_registers(u32 return_offset) const;

private:
  const Function *function(u32 return_offset) const;
  void write_frames();
  static u32 hash(u32 key) { return (key * 0x9E3779B1u) >> 20; }

  u8 *base_ = nullptr;
  u32 used_ = 0;
  std::vector<Function> functions_;         // LLVM's, ascending
  std::vector<Site> ranges_;                // LLVM's, ascending
  std::vector<Site> exact_{4096};           // open addressing by return offset (end)
  std::map<u32, SavedRegisters> own_saved_; // own code: by return offset
  std::vector<u8> frames_;
};

} // namespace trapeze::spike
