// Frame layout; the picture is in the header.
#include "codegen/frame.hh"

#include <algorithm>
#include <numeric>
#include <vector>

namespace trapeze::codegen {
namespace {

constexpr u32 near_limit = 128; ///< down to here a displacement takes one byte

constexpr u32 align_up(u32 n, u32 to) { return (n + to - 1) & ~(to - 1); }

/// The slot's offset, and what the frame reaches down to with it.
i32 place(u32 size, u32 &depth) {
  depth = align_up(depth + size, size);
  return -static_cast<i32>(depth);
}

/// Of every spill slot, how often code names it.
void count_uses(const Allocation &a, std::vector<u32> &uses) {
  uses.assign(a.spill_slots.size(), 0);
  for (const Place &p : a.operands)
    if (p.is_slot())
      ++uses[p.index];
  for (const Edit &e : a.edits)
    for (Place p : {e.from, e.to})
      if (p.is_slot())
        ++uses[p.index];
}

/// Slots that are named most, for their bytes, until `room` is used up. The rest of the frame needs longer
/// displacements.
std::vector<u8> choose_near(const Allocation &a, u32 room) {
  std::vector<u32> uses, order(a.spill_slots.size());
  count_uses(a, uses);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](u32 x, u32 y) {
    return u64{uses[x]} * a.spill_slots[y].size > u64{uses[y]} * a.spill_slots[x].size;
  });
  std::vector<u8> is_near(a.spill_slots.size(), 0);
  for (u32 k : order) {
    if (a.spill_slots[k].size > room)
      break;
    room -= a.spill_slots[k].size;
    is_near[k] = 1;
  }
  return is_near;
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
  u32 bytes = depth;
  for (const FrameSlot &slot : m.slots)
    bytes += slot.size;
  u32 room = bytes + 16 < near_limit ? near_limit - bytes - 16 : 0; // 16: lost to alignment
  for (const Allocation::SpillSlot &slot : a.spill_slots)
    bytes += slot.size;
  std::vector<u8> is_near;
  if (bytes > near_limit)
    is_near = choose_near(a, room);
  for (bool near : {true, false})
    for (u32 size = 16; size >= 4; size /= 2) {
      for (FrameSlot &slot : m.slots)
        if (near && slot.size == size)
          slot.offset = place(size, depth);
      for (u32 k = 0; k < a.spill_slots.size(); ++k)
        if (a.spill_slots[k].size == size && (is_near.empty() || is_near[k] != 0) == near)
          a.spill_slots[k].offset = place(size, depth);
    }
  frame.size = align_up(depth, 16);
  a.frame = frame;
}

} // namespace trapeze::codegen
