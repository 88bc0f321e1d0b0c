// References held by the host. A Ref is a counted slot in the store's handle table; the table's slots are
// roots of the collector. A Ref may outlive its store: it then reads as null.
#pragma once

#include "runtime/value.hh"

#include <memory>
#include <utility>
#include <vector>

namespace trapeze::runtime {

class Store;

/// The slots behind all Refs of one store. Slot 0 is not used. Belongs to the store's thread.
class HandleTable {
public:
  explicit HandleTable(Store *store) : store_(store) { slots_.push_back({}); }
  u32 add(RawRef ref);
  void retain(u32 slot) { ++slots_[slot].count; }
  void release(u32 slot);
  RawRef get(u32 slot) const { return slots_[slot].ref; }
  Store *store() const { return store_; }
  /// The store dies: all handles become null.
  void detach();

  template <typename Visit> void visit_roots(Visit &&visit) const {
    for (const Slot &slot : slots_)
      if (slot.count != 0 && slot.ref != 0)
        visit(slot.ref);
  }

private:
  struct Slot {
    RawRef ref = 0;
    u32 count = 0; ///< 0: free, `ref` is the next free slot
  };
  Store *store_;
  std::vector<Slot> slots_;
  u32 free_ = 0;
};

/// A rooted reference (funcref, externref or exnref), or null.
class Ref {
public:
  Ref() = default;
  Ref(Store &store, RawRef ref);
  Ref(const Ref &other) : table_(other.table_), slot_(other.slot_) {
    if (slot_ != 0)
      table_->retain(slot_);
  }
  Ref(Ref &&other) noexcept : table_(std::move(other.table_)), slot_(std::exchange(other.slot_, 0)) {}
  Ref &operator=(Ref other) noexcept {
    std::swap(table_, other.table_);
    std::swap(slot_, other.slot_);
    return *this;
  }
  ~Ref() {
    if (slot_ != 0)
      table_->release(slot_);
  }

  bool is_null() const { return raw() == 0; }
  /// For a cell or for the store's functions, at once.
  RawRef raw() const { return slot_ == 0 ? 0 : table_->get(slot_); }
  /// Null for a null reference and when the store is gone.
  Store *store() const { return slot_ == 0 ? nullptr : table_->store(); }

private:
  std::shared_ptr<HandleTable> table_;
  u32 slot_ = 0;
};

} // namespace trapeze::runtime
