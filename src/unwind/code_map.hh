// Which image does a pc belong to? The question of every walk and every fault, so it takes no lock and no
// system call: code lives in a few large reserved regions, each with an array of one pointer per 64 KiB granule.
// A granule belongs to one image. Writers (runtime/code_region) publish with release stores; an image is
// removed only when no store holds it, so a reader that found one may use it.
#pragma once

#include "abi/vmctx.hh"
#include "image/code_image.hh"

#include <atomic>
#include <memory>

namespace trapeze::unwind {

inline constexpr u32 granule_log2 = 16;

/// A call site inside a region, with all that the search needs to go on: one cache line answers for a frame.
struct HandledCall {
  u32 return_offset = ~0u; ///< ~0: free
  u32 region = 0;          ///< innermost
  u32 frame_size = 0;      ///< of the function: where sp stands when a pad is landed in
  u32 row = 0;             ///< of CodeImage::calls
};

/// What walks need to know about a published image. Stays at its address while published.
struct LoadedImage {
  const u8 *base = nullptr; ///< of the code
  u64 size = 0;
  const image::CodeImage *image = nullptr;
  u32 tags_offset = 0;   ///< of the tag array in the contexts of its instances
  void *owner = nullptr; ///< the runtime's Code

  /// Open addressing. Calls inside regions only: most frames of a walk are answered by one miss in a small table.
  std::unique_ptr<HandledCall[]> call_hash;
  u32 call_hash_mask = 0, call_hash_shift = 0;
  const image::Region *regions = nullptr; ///< of `image`
  const image::Clause *clauses = nullptr;

  /// `image` is complete; before publishing.
  void build_call_hash();
  /// The call site, if it is inside a region; else null.
  const HandledCall *find_handled_call(u64 return_address) const {
    if (call_hash == nullptr)
      return nullptr;
    u32 offset = offset_of(return_address);
    for (u32 slot = hash(offset, call_hash_shift);; slot = (slot + 1) & call_hash_mask) {
      const HandledCall &entry = call_hash[slot];
      if (entry.return_offset == offset)
        return &entry;
      if (entry.return_offset == ~0u)
        return nullptr;
    }
  }
  u32 offset_of(u64 pc) const { return static_cast<u32>(pc - reinterpret_cast<u64>(base)); }
  /// Multiplicative: the high bits of the product, one table entry's worth.
  static u32 hash(u32 offset, u32 shift) { return (offset * 0x9e3779b1u) >> shift; }
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
