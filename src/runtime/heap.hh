// The store's heap: 4 GiB of reserved address space; a reference is a 32-bit offset into it, so a wrong one
// cannot leave the sandbox. Offset 0 is null, and the first 64 KiB are never mapped: a null dereference faults.
//
//   [0, 64 KiB)           never mapped
//   [64 KiB, 256 MiB)     FuncRefs: bump-allocated, never move, never die before the heap
//   [256 MiB, 4 GiB)      objects, in blocks of 64 KiB
//   behind                guard
//
// Objects are collected by a non-moving mark-sweep: a block holds cells of one size, one mark bit each; objects
// larger than the largest size class take whole blocks. A better collector replaces this class: what others
// rely on is allocate, wants_collection, collect with its visitor of roots, and ObjectHeader.
#pragma once

#include "abi/vmctx.hh"
#include "base/result.hh"
#include "base/types.hh"
#include "runtime/value.hh"

#include <memory>
#include <span>
#include <vector>

namespace trapeze::runtime {

class Tag;

enum class ObjectKind : u32 { Free = 0, Func = 1, Extern = 2, Exception = 3 };

/// First word of every object; FuncRef::header is the same.
struct ObjectHeader {
  ObjectKind kind;
  u32 size; ///< bytes, header included
};

/// Set in an externref's value by a host that wants to hear when it is unreachable (Store::take_dead_externs).
inline constexpr u64 tracked_extern = u64{1} << 63;

struct ExternObject {
  ObjectHeader header;
  u64 value;
};

/// tag null: a foreign exception, held by the store at index `foreign`.
struct ExceptionObject {
  ObjectHeader header;
  u32 foreign, field_count;
  Tag *tag;
  u64 reserved;
  ValueCell fields[]; ///< 16-byte aligned
};
static_assert(sizeof(ExceptionObject) == 32);

class Heap {
public:
  static Result<std::unique_ptr<Heap>> create();
  ~Heap();
  Heap(const Heap &) = delete;
  Heap &operator=(const Heap &) = delete;

  u8 *base() const { return base_; }
  u8 *address(RawRef ref) const { return base_ + ref; }
  RawRef ref_of(const void *object) const { return static_cast<u32>(static_cast<const u8 *>(object) - base_); }
  template <typename T> T *object(RawRef ref) const { return reinterpret_cast<T *>(base_ + ref); }
  ObjectKind kind(RawRef ref) const { return object<ObjectHeader>(ref)->kind; }

  /// Null: no room. Never collects.
  abi::FuncRef *allocate_func_ref();
  /// Zeroed but for the header; 0: no room. Never collects.
  RawRef allocate(ObjectKind kind, u32 size);
  bool wants_collection() const { return allocated_since_ >= threshold_; }

  /// --- a collection: begin, mark each root, finish. `dead(object)` is called for each unreachable object.
  void begin_marking();
  void mark(RawRef root);
  template <typename Dead> void finish(Dead &&dead) {
    drain();
    sweep([](void *context, ObjectHeader *object) { (*static_cast<Dead *>(context))(object); }, &dead);
  }

  /// Address space that objects have ever taken.
  u64 extent() const { return u64{committed_blocks_} << 16; }
  u64 bytes() const { return live_bytes_ + allocated_since_; }
  u64 objects() const { return live_objects_; }
  u64 collections() const { return collections_; }

private:
  struct Block {
    u32 cell_size = 0; ///< 0: free; else bytes per cell
    u32 span = 1;      ///< blocks of a large object; 0: continuation of one
    u32 free = 0;      ///< reference of the first free cell, 0: none; of the current block of a class: in free_
    std::vector<u64> marks;
  };
  Heap() = default;
  u32 block_of(RawRef ref) const;
  u32 take_blocks(u32 count);
  u32 find_free_run(u32 count);
  RawRef allocate_large(ObjectKind kind, u32 size);
  bool refill(u32 size_class);
  void drain();
  void sweep(void (*dead)(void *, ObjectHeader *), void *context);
  u32 sweep_block(u32 index, void (*dead)(void *, ObjectHeader *), void *context);

  u8 *base_ = nullptr;
  u32 func_top_ = 0, func_committed_ = 0;
  u32 committed_blocks_ = 0;
  std::vector<Block> blocks_;
  std::vector<u32> free_blocks_;   ///< single free blocks
  RawRef free_[64] = {};           ///< per size class: the current block's free cells
  std::vector<u32> available_[64]; ///< per size class: other blocks with free cells
  std::vector<RawRef> mark_stack_;
  u64 live_bytes_ = 0; ///< at the last collection
  u64 live_objects_ = 0, collections_ = 0;
  u64 allocated_since_ = 0, threshold_ = 1 << 20;
};

} // namespace trapeze::runtime
