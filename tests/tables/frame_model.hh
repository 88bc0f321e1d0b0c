// The truth about frames, found in the machine code itself: an abstract walk of a function's instructions that follows
// where the stack pointer is, what rbp holds and where each callee-saved register has been put. `.eh_frame` is compared
// with it at every instruction. It knows the instruction set, and nothing of what the writer of the tables knows.
#pragma once

#include "image/cfi.hh"

#include <map>
#include <span>
#include <string>
#include <vector>

namespace trapeze::test {

/// Before an instruction. Offsets count from the CFA: the stack pointer before the call.
struct FrameState {
  i64 rsp = -8;
  i64 rbp = 0; ///< 0: the caller's value; else what it points to
  /// rbx r12 r13 r14 r15 rbp: where the caller's value lies (0: nowhere), and whether the register holds it too.
  i64 saved[6] = {};
  bool in_register[6] = {true, true, true, true, true, true};
  bool operator==(const FrameState &) const = default;
};

struct ModelResult {
  std::map<u32, FrameState> states; ///< by offset of the instruction in the function
  std::string fault;                ///< first inconsistency of the code itself; empty: none
};

/// `code` is one function's instructions, constants left out. What nothing before it in the function jumps to (pads,
/// switch targets, code behind a call that does not return) has the state in which the prologue ended.
ModelResult model_frames(std::span<const u8> code);

/// What the row says wrongly of the state; empty: nothing. The memory below the stack pointer holds nothing.
std::string disagreement(const FrameState &state, const image::CfiRow &row);

} // namespace trapeze::test
