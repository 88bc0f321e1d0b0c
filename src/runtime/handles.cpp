// Slots are reused through a free list; a released slot's `ref` is the next free one.
#include "runtime/handles.hh"

#include "runtime/store.hh"

namespace trapeze::runtime {

u32 HandleTable::add(RawRef ref) {
  u32 slot = free_;
  if (slot != 0) {
    free_ = slots_[slot].ref;
  } else {
    slot = static_cast<u32>(slots_.size());
    slots_.emplace_back();
  }
  slots_[slot] = {ref, 1};
  return slot;
}

void HandleTable::release(u32 slot) {
  if (--slots_[slot].count != 0)
    return;
  slots_[slot].ref = free_;
  free_ = slot;
}

void HandleTable::detach() {
  store_ = nullptr;
  for (Slot &slot : slots_)
    if (slot.count != 0)
      slot.ref = 0;
}

Ref::Ref(Store &store, RawRef ref) {
  if (ref == 0)
    return;
  table_ = store.handles();
  slot_ = table_->add(ref);
}

} // namespace trapeze::runtime
