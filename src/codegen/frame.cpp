// Frame layout; the picture is in the header.
#include "codegen/frame.hh"

namespace trapeze::codegen {
namespace {

constexpr u32 align_up(u32 n, u32 to) { return (n + to - 1) & ~(to - 1); }

/// The slot's offset, and what the frame reaches down to with it.
i32 place(u32 size, u32 &depth) {
  depth = align_up(depth + size, size);
  return -static_cast<i32>(depth);
}

} // namespace

void layout_frame(MFunction &m, const RegisterFile &registers, Allocation &a) {
  image::FrameInfo frame;
  u32 depth = 0;
  frame.has_instance_slot = m.needs_instance_slot || !m.regions.empty();
  if (frame.has_instance_slot)
    depth += 8;
  u32 ordinal = 0;
  for (RegSet left = registers.callee_saved; left != 0; left &= left - 1, ++ordinal) {
    if (m.regions.empty() && (a.used & left & -left) == 0)
      continue;
    frame.saved_mask |= static_cast<u8>(1u << ordinal);
    depth += 8;
  }
  for (u32 size = 16; size >= 4; size /= 2) {
    for (FrameSlot &slot : m.slots)
      if (slot.size == size)
        slot.offset = place(size, depth);
    for (Allocation::SpillSlot &slot : a.spill_slots)
      if (slot.size == size)
        slot.offset = place(size, depth);
  }
  frame.size = align_up(depth, 16);
  a.frame = frame;
}

} // namespace trapeze::codegen
