// Walking the frames of one activation by the frame-pointer chain. Every frame between a stub through which Wasm was
// left and the entry stub is [fp] = caller's fp, [fp + 8] = return address (abi/convention.hh); frames of the stub
// cross_instance_tail are among them and belong to no image.
#pragma once

#include "base/types.hh"

namespace trapeze::unwind {

/// A frame that is stopped at a call: where it goes on, and its frame pointer.
struct Frame {
  u64 pc; ///< return address
  u64 fp;
};

inline u64 load_word(u64 address) { return *reinterpret_cast<const u64 *>(address); }

/// The frame that called the function whose frame pointer is `fp`.
inline Frame caller_of(u64 fp) { return {load_word(fp + 8), load_word(fp)}; }

/// visit(Frame) -> bool (go on?) for each frame from the caller of the stub frame `stub_fp` up to, not including, the
/// entry frame.
template <typename Visit> void walk(u64 stub_fp, u64 entry_fp, Visit &&visit) {
  for (Frame frame = caller_of(stub_fp); frame.fp != entry_fp; frame = caller_of(frame.fp))
    if (!visit(frame))
      return;
}

} // namespace trapeze::unwind
