// Which image does a pc belong to? The question of every walk and every fault, so it takes no lock and no
// system call: code lives in a few large reserved regions, each with an array of one pointer per 64 KiB granule.
// A granule belongs to one image. Writers (runtime/code_region) publish with release stores; an image is
// removed only when no store holds it, so a reader that found one may use it.
#pragma once

#include "abi/vmctx.hh"
#include "image/code_image.hh"
#include "image/lsda.hh"

#include <atomic>
#include <vector>

namespace trapeze::unwind {

inline constexpr u32 granule_log2 = 16;

/// A call site that some clause protects, with the first clause on the way out: one cache line answers for a frame, as
/// that clause is mostly the one that catches, or the only one. The stubs read it too (runtime/stub_offsets.hh).
struct HandledCall {
  u32 call_end = ~0u;   ///< offset of the call's last byte; ~0: free
  u32 tag_at = 0;       ///< where an instance's context has the clause's tag; catches_all
  u32 pad = 0;          ///< the clause's
  u32 region : 31 = 0;  ///< innermost
  u32 has_more : 1 = 0; ///< clauses behind that one
  static constexpr u32 catches_all = ~0u;
};

/// What walks need to know about a published image. Stays at its address while published. Contexts of instances point
/// here (abi/vmctx.def), and the stubs read the first five fields.
struct LoadedImage {
  const u8 *base = nullptr; ///< of the code
  u64 size = 0;
  const HandledCall *call_hash = nullptr; ///< of `calls`; never null once published
  u32 call_hash_shift = 0;
  u32 tags_offset = 0; ///< of the tag array in the contexts of its instances
  const image::CodeImage *image = nullptr;
  void *owner = nullptr;                  ///< the runtime's Code
  const image::Region *regions = nullptr; ///< of `image`
  const image::Clause *clauses = nullptr;
  image::LsdaTables lsda; ///< of `image`, for the system's unwinder; empty in an engine that does not throw through it

  /// `image` and `tags_offset` are complete; before publishing.
  void build_call_hash();
  /// The call site, if some clause protects it; else null.
  const HandledCall *find_handled_call(u64 return_address) const {
    u32 offset = offset_of(return_address) - 1;
    for (const HandledCall *entry = call_hash + hash(offset, call_hash_shift);; ++entry) {
      if (entry->call_end == offset)
        return entry;
      if (entry->call_end == ~0u)
        return nullptr;
    }
  }
  u32 offset_of(u64 pc) const { return static_cast<u32>(pc - reinterpret_cast<u64>(base)); }
  /// Multiplicative: the high bits of the product, one table entry's worth.
  static constexpr u32 hash(u32 offset, u32 shift) { return (offset * 0x9e3779b1u) >> shift; }

  void add_call(const HandledCall &call);
  /// Open addressing. Calls with handlers only: most frames of a walk are answered by one miss in a small table. Slots
  /// that the last ones overflow into and a free one stand behind, so probing neither wraps nor counts.
  std::vector<HandledCall> calls;
};

/// One reserved region. Never goes away before the process ends.
struct Region {
  u64 base = 0, size = 0;
  std::atomic<const LoadedImage *> *granules = nullptr; ///< never freed: faults may come until the process ends
};

/// All regions of the process: engines share the map, as a fault does not say whose it is.
class CodeMap {
public:
  static constexpr u32 max_regions = 64;
  static CodeMap &get() { return map_; }
  /// Null: too many.
  Region *add_region(u64 base, u64 size);
  void publish(Region &region, const LoadedImage *image, u64 base, u64 size);
  void withdraw(Region &region, u64 base, u64 size);

  /// Async-signal-safe. Null: not Wasm code.
  const LoadedImage *find(u64 pc) const {
    u32 count = count_.load(std::memory_order_acquire);
    for (u32 i = 0; i < count; ++i)
      if (u64 offset = pc - regions_[i].base; offset < regions_[i].size)
        return regions_[i].granules[offset >> granule_log2].load(std::memory_order_acquire);
    return nullptr;
  }

private:
  static CodeMap map_;
  std::atomic<u32> count_{0};
  Region regions_[max_regions];
};

} // namespace trapeze::unwind
