// Two types are the same if their recursion groups are equal as wholes and they stand at the same place in them.
//
// A group is written down as a sequence of words in which a type index becomes
//   inside the group    {inner, distance from the group's first type}
//   earlier             {outer, canonical index}
// so equal groups have equal words. Groups are hash-consed: earlier ones have canonical indices when a later one is
// written, hence one pass. An index beyond the group is invalid and found by the validator; here it is {outer, index}.
//
// Example: (rec (type $a (func (result (ref $a))))) twice, types 0 and 1: both write "func, final, no super, 0 params,
// 1 result, ref non-null inner 0", so canonical = {0, 0}.
#include "decode/canonical.hh"

#include <algorithm>
#include <span>
#include <unordered_map>

namespace trapeze::decode {

using wasm::FieldType;
using wasm::Module;
using wasm::SubType;
using wasm::ValType;

namespace {

class Canonicaliser {
public:
  explicit Canonicaliser(Module &m) : m_(m) {}

  void run() {
    const u32 count = static_cast<u32>(m_.types.size());
    m_.canonical.resize(count);
    for (u32 first = 0; first < count; first += m_.types[first].group_size)
      group(first, m_.types[first].group_size);
  }

private:
  struct Group {
    u32 first_type, words_begin, words_end;
  };

  void group(u32 first, u32 size) {
    first_ = first;
    size_ = size;
    const u32 begin = static_cast<u32>(words_.size());
    for (u32 i = first; i < first + size; ++i)
      write(m_.types[i]);
    const u32 original = find_or_add({first, begin, static_cast<u32>(words_.size())});
    for (u32 i = 0; i < size; ++i)
      m_.canonical[first + i] = original + i;
  }

  /// First type of the equal group seen before, else of this one.
  u32 find_or_add(Group added) {
    const auto words = slice(added);
    u64 hash = 0xcbf29ce484222325;
    for (const u32 word : words)
      hash = ((hash ^ word) * 0x9e3779b97f4a7c15) ^ hash >> 29;
    const auto [begin, end] = groups_.equal_range(hash);
    for (auto it = begin; it != end; ++it) {
      if (std::ranges::equal(slice(it->second), words)) {
        words_.resize(added.words_begin);
        return it->second.first_type;
      }
    }
    groups_.emplace(hash, added);
    return added.first_type;
  }

  std::span<const u32> slice(Group g) const {
    return std::span(words_).subspan(g.words_begin, g.words_end - g.words_begin);
  }

  void write(const SubType &type) {
    words_.push_back(static_cast<u32>(type.kind) | u32{type.is_final} << 8 | u32{type.has_super} << 9);
    if (type.has_super)
      write_index(static_cast<u32>(type.super));
    words_.push_back(static_cast<u32>(type.func.params.size()));
    words_.push_back(static_cast<u32>(type.func.results.size()));
    words_.push_back(static_cast<u32>(type.fields.size()));
    for (const ValType t : type.func.params)
      write(t, 0);
    for (const ValType t : type.func.results)
      write(t, 0);
    for (const FieldType &f : type.fields)
      write(f.type, static_cast<u32>(f.packed) << 1 | u32{f.is_mutable});
  }

  void write(ValType type, u32 field_flags) {
    const wasm::HeapType heap = type.heap();
    words_.push_back(static_cast<u32>(type.kind()) | static_cast<u32>(heap.kind) << 8 | u32{type.is_nullable()} << 16 |
                     field_flags << 20);
    if (type.is_ref() && heap.kind == wasm::HeapKind::Concrete)
      write_index(static_cast<u32>(heap.index));
  }

  void write_index(u32 index) {
    const bool is_inner = index >= first_ && index - first_ < size_;
    words_.push_back(is_inner);
    words_.push_back(is_inner ? index - first_ : index < first_ ? m_.canonical[index] : index);
  }

  Module &m_;
  u32 first_ = 0, size_ = 0; // the group being written
  std::vector<u32> words_;
  std::unordered_multimap<u64, Group> groups_;
};

} // namespace

void canonicalise(Module &m) { Canonicaliser(m).run(); }

} // namespace trapeze::decode
