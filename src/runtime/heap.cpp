// Blocks, size classes, mark bits and the sweep; the layout stands in the header.
//
// Size class c holds cells of 16 * (c + 1) bytes, up to 1 KiB; what is larger takes whole blocks. A free cell has kind
// Free, and its size word is the reference of the next free cell of its block. A size class allocates from the list of
// one block, its current one; the next is taken from `available_` or made. The sweep rebuilds all lists. A mark bit
// stands for 16 bytes of a block, so finding it needs no division.
#include "runtime/heap.hh"

#include "base/assert.hh"
#include "os/memory.hh"
#include "runtime/tag.hh"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

namespace trapeze::runtime {

namespace {

constexpr u64 null_zone = 64 << 10;
constexpr u64 first_object = u64{256} << 20;
constexpr u64 heap_end = u64{4} << 30;
constexpr u64 guard = 1 << 20;
constexpr u32 block_log2 = 16, block_size = 1 << block_log2;
constexpr u32 max_blocks = static_cast<u32>((heap_end - first_object) >> block_log2);
constexpr u32 commit_step = 1 << 20;
constexpr u32 largest_small = 1024;
constexpr u32 mark_words = block_size / 16 / 64;
constexpr u64 least_threshold = 1 << 20;

RawRef start_of(u32 block) { return static_cast<u32>(first_object + (u64{block} << block_log2)); }

} // namespace

Result<std::unique_ptr<Heap>> Heap::create() {
  std::unique_ptr<Heap> heap(new Heap);
  heap->base_ = os::reserve(heap_end + guard);
  if (heap->base_ == nullptr)
    return fail(ErrorKind::Resource, 0, "cannot reserve 4 GiB of address space for a heap");
  heap->func_top_ = heap->func_committed_ = null_zone;
  return heap;
}

Heap::~Heap() {
  if (base_ != nullptr)
    os::release(base_, heap_end + guard);
}

abi::FuncRef *Heap::allocate_func_ref() {
  if (func_top_ + sizeof(abi::FuncRef) > func_committed_) {
    u32 step = std::max<u32>(null_zone, func_committed_ / 2 & ~(block_size - 1)); // few system calls for many functions
    step = static_cast<u32>(std::min<u64>(step, first_object - func_committed_));
    if (step == 0 || !os::commit(base_ + func_committed_, step))
      return nullptr;
    func_committed_ += step;
  }
  auto *ref = object<abi::FuncRef>(func_top_);
  func_top_ += sizeof(abi::FuncRef);
  ref->header = static_cast<u32>(ObjectKind::Func);
  return ref;
}

u32 Heap::block_of(RawRef ref) const { return static_cast<u32>((ref - first_object) >> block_log2); }

/// `count` adjacent blocks, committed; ~0: no room.
u32 Heap::take_blocks(u32 count) {
  if (count == 1 && !free_blocks_.empty()) {
    u32 block = free_blocks_.back();
    free_blocks_.pop_back();
    return block;
  }
  u32 first = static_cast<u32>(blocks_.size());
  if (max_blocks - first < count)
    return ~0u;
  if (first + count > committed_blocks_) {
    u32 wanted = std::max(first + count - committed_blocks_, commit_step / block_size);
    wanted = std::min(wanted, max_blocks - committed_blocks_);
    if (!os::commit(address(start_of(committed_blocks_)), u64{wanted} << block_log2))
      return ~0u;
    committed_blocks_ += wanted;
  }
  blocks_.resize(first + count);
  return first;
}

/// A run of free blocks inside those in use; large objects come and go seldom enough for a search.
u32 Heap::find_free_run(u32 count) {
  u32 run = 0;
  for (u32 i = 0; i < blocks_.size(); ++i) {
    run = blocks_[i].cell_size == 0 && blocks_[i].span == 1 ? run + 1 : 0;
    if (run != count)
      continue;
    u32 first = i + 1 - count;
    std::erase_if(free_blocks_, [&](u32 block) { return block >= first && block <= i; });
    return first;
  }
  return ~0u;
}

RawRef Heap::allocate_large(ObjectKind kind, u32 size) {
  u32 count = (size + block_size - 1) >> block_log2;
  u32 first = free_blocks_.size() >= count ? find_free_run(count) : ~0u;
  if (first == ~0u)
    first = take_blocks(count);
  if (first == ~0u)
    return 0;
  for (u32 i = 0; i < count; ++i) {
    blocks_[first + i].cell_size = i == 0 ? count << block_log2 : 0;
    blocks_[first + i].span = i == 0 ? count : 0;
  }
  blocks_[first].marks.assign(mark_words, 0);
  RawRef ref = start_of(first);
  std::memset(address(ref), 0, size);
  *object<ObjectHeader>(ref) = {kind, size};
  allocated_since_ += u64{count} << block_log2;
  ++live_objects_;
  return ref;
}

/// Gives the size class a list of free cells.
bool Heap::refill(u32 size_class) {
  std::vector<u32> &available = available_[size_class];
  if (!available.empty()) {
    free_[size_class] = std::exchange(blocks_[available.back()].free, 0);
    available.pop_back();
    return true;
  }
  u32 index = take_blocks(1);
  if (index == ~0u)
    return false;
  Block &block = blocks_[index];
  block.cell_size = 16 * (size_class + 1);
  block.span = 1;
  block.marks.assign(mark_words, 0);
  RawRef &free = free_[size_class];
  for (u32 i = block_size / block.cell_size; i-- > 0;) {
    RawRef cell = start_of(index) + i * block.cell_size;
    *object<ObjectHeader>(cell) = {ObjectKind::Free, free};
    free = cell;
  }
  return true;
}

RawRef Heap::allocate(ObjectKind kind, u32 size) {
  if (size > largest_small)
    return allocate_large(kind, size);
  u32 size_class = (size + 15) / 16 - 1;
  if (free_[size_class] == 0 && !refill(size_class)) [[unlikely]]
    return 0;
  RawRef ref = free_[size_class];
  auto *header = object<ObjectHeader>(ref);
  free_[size_class] = header->size;
  u32 taken = 16 * (size_class + 1);
  for (u8 *cell = address(ref), *end = cell + taken; cell != end; cell += 16) // mostly two or three: no call
    std::memset(cell, 0, 16);
  *header = {kind, size};
  allocated_since_ += taken;
  ++live_objects_;
  return ref;
}

void Heap::begin_marking() {
  for (Block &block : blocks_)
    if (block.cell_size != 0)
      std::fill(block.marks.begin(), block.marks.end(), 0);
}

void Heap::mark(RawRef ref) {
  if (ref < first_object) // null, and FuncRefs, which stay
    return;
  Block &block = blocks_[block_of(ref)];
  u32 bit = (ref & (block_size - 1)) >> 4;
  u64 mask = u64{1} << (bit & 63);
  if ((block.marks[bit >> 6] & mask) != 0)
    return;
  ASSERT(kind(ref) != ObjectKind::Free);
  block.marks[bit >> 6] |= mask;
  mark_stack_.push_back(ref);
}

void Heap::drain() {
  while (!mark_stack_.empty()) {
    RawRef ref = mark_stack_.back();
    mark_stack_.pop_back();
    if (kind(ref) != ObjectKind::Exception)
      continue;
    auto *exception = object<ExceptionObject>(ref);
    if (exception->tag == nullptr)
      continue;
    for (u32 field : exception->tag->ref_fields())
      mark(get<RawRef>(exception->fields[field]));
  }
}

/// Rebuilds the block's list of free cells; the number of live ones.
u32 Heap::sweep_block(u32 index, void (*dead)(void *, ObjectHeader *), void *context) {
  Block &block = blocks_[index];
  u32 step = block.cell_size, live = 0;
  block.free = 0;
  for (u32 i = std::max(block_size / step, 1u); i-- > 0;) {
    u32 bit = i * step >> 4;
    if ((block.marks[bit >> 6] >> (bit & 63) & 1) != 0) {
      ++live;
      continue;
    }
    RawRef ref = start_of(index) + i * step;
    auto *header = object<ObjectHeader>(ref);
    if (header->kind != ObjectKind::Free) {
      dead(context, header);
      --live_objects_;
    }
    *header = {ObjectKind::Free, block.free};
    block.free = ref;
  }
  return live;
}

void Heap::sweep(void (*dead)(void *, ObjectHeader *), void *context) {
  std::fill(std::begin(free_), std::end(free_), 0);
  for (std::vector<u32> &list : available_)
    list.clear();
  free_blocks_.clear();
  live_bytes_ = 0;
  for (u32 i = 0; i < blocks_.size(); ++i) {
    Block &block = blocks_[i];
    u32 live = block.cell_size != 0 ? sweep_block(i, dead, context) : 0;
    live_bytes_ += u64{live} * block.cell_size;
    if (block.cell_size != 0 && live == 0) {
      for (u32 k = 0, count = block.span; k < count; ++k) {
        blocks_[i + k].cell_size = 0;
        blocks_[i + k].span = 1;
      }
    }
    if (block.cell_size == 0 && block.span == 1)
      free_blocks_.push_back(i);
    else if (block.free != 0 && block.cell_size <= largest_small && block.cell_size != 0)
      available_[block.cell_size / 16 - 1].push_back(i);
  }
  ++collections_;
  allocated_since_ = 0;
  threshold_ = std::max(least_threshold, live_bytes_);
}

} // namespace trapeze::runtime
