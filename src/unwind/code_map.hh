// Which image does a pc belong to? The question of every walk and every fault, so it takes no lock and no
// system call: code lives in a few large reserved regions, each with an array of one pointer per 64 KiB granule.
// A granule belongs to one image. Code that stands in an executable or library already (a linked object) is a region of
// its own, of exactly its bytes, with one image or none. Writers (runtime/code_region) publish with release stores; an
// image is removed only when no store holds it, so a reader that found one may use it.
#pragma once

#include "abi/vmctx.hh"
#include "image/code_image.hh"
#include "image/handled_calls.hh"
#include "image/lsda.hh"

#include <atomic>

namespace trapeze::unwind {

inline constexpr u32 granule_log2 = 16;

using image::HandledCall;

/// What walks need to know about a published image. Stays at its address while published. Contexts of instances point
/// here (abi/vmctx.def), and the stubs read the first six fields.
struct LoadedImage {
  const u8 *base = nullptr; ///< of the code
  u64 size = 0;
  const HandledCall *call_hash = nullptr; ///< never null once published
  u32 call_hash_shift = 0;
  u32 tags_offset = 0; ///< of the tag array in the contexts of its instances
  u32 tags_end = 0;    ///< where that ends
  const image::ImageView *image = nullptr;
  void *owner = nullptr; ///< the runtime's Code
  image::LsdaView lsda;  ///< for the system's unwinder; empty in an engine that does not throw through it

  /// `calls` is usable and lives as long; before publishing.
  void set_handled_calls(const image::HandledCallsView &calls) {
    call_hash = calls.slots.data();
    call_hash_shift = calls.shift;
  }
  /// The call site, if some clause protects it; else null.
  const HandledCall *find_handled_call(u64 return_address) const {
    u32 offset = offset_of(return_address) - 1;
    for (const HandledCall *entry = call_hash + image::call_hash(offset, call_hash_shift);; ++entry) {
      if (entry->call_end == offset)
        return entry;
      if (entry->call_end == ~0u)
        return nullptr;
    }
  }
  u32 offset_of(u64 pc) const { return static_cast<u32>(pc - reinterpret_cast<u64>(base)); }
  /// Whether an instance's context has `tag` (null: a foreign exception's) at a place. No place has what is not a
  /// tag's.
  bool has_tag(const u8 *context, u32 place, const void *tag) const {
    return place < tags_end && *reinterpret_cast<const void *const *>(context + place) == tag;
  }
  u32 place_of_tag(u32 tag) const { return tag < (tags_end - tags_offset) / 8 ? tags_offset + 8 * tag : ~0u; }
};

/// Never goes away before the process ends.
struct Region {
  u64 base = 0, size = 0;
  std::atomic<const LoadedImage *> *granules = nullptr; ///< never freed: faults may come until the process ends
  std::atomic<const LoadedImage *> in_place{nullptr};   ///< without granules: whose code this is now
};

/// All regions of the process: engines share the map, as a fault does not say whose it is.
class CodeMap {
public:
  static constexpr u32 max_regions = 128, max_in_place = 64;
  static CodeMap &get() { return map_; }
  /// Null: too many.
  Region *add_region(u64 base, u64 size);
  void publish(Region &region, const LoadedImage *image, u64 base, u64 size);
  void withdraw(Region &region, u64 base, u64 size);

  /// Code where it stands. False: it has been published and not withdrawn, or there are too many. The same place again
  /// costs no other region.
  bool publish_in_place(const LoadedImage *image, u64 base, u64 size);
  /// False: not published in place.
  bool withdraw_in_place(const LoadedImage *image);

  /// Async-signal-safe. Null: not Wasm code.
  const LoadedImage *find(u64 pc) const {
    u32 count = count_.load(std::memory_order_acquire);
    for (u32 i = 0; i < count; ++i)
      if (u64 offset = pc - regions_[i].base; offset < regions_[i].size)
        if (const LoadedImage *image = slot(regions_[i], offset).load(std::memory_order_acquire))
          return image;
    return nullptr; // a library that is gone may have stood where one stands now: hence all are asked
  }

private:
  static const std::atomic<const LoadedImage *> &slot(const Region &region, u64 offset) {
    return region.granules == nullptr ? region.in_place : region.granules[offset >> granule_log2];
  }
  Region *add(u64 base, u64 size, bool has_granules);
  static CodeMap map_;
  std::atomic<u32> count_{0};
  u32 in_place_count_ = 0;
  Region regions_[max_regions];
};

} // namespace trapeze::unwind
