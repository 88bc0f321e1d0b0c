// The walk of find_handler.hh. A return address may be the first byte behind its image (a call that does not return
// can stand last), so images are looked up by the byte before it.
#include "unwind/find_handler.hh"

#include "unwind/code_map.hh"
#include "unwind/walk.hh"

namespace trapeze::unwind {

namespace {

/// The first clause on the way out that matches; null: none.
const image::Clause *find_clause(const LoadedImage &loaded, u32 region, const void *const *tags, const void *tag) {
  for (; region != image::no_region; region = loaded.regions[region].parent) {
    const image::Region &row = loaded.regions[region];
    const image::Clause *clause = loaded.clauses + row.first_clause, *end = clause + row.clause_count;
    for (; clause != end; ++clause)
      if (clause->tag == image::catch_all_tag || tags[clause->tag] == tag)
        return clause;
  }
  return nullptr;
}

} // namespace

bool find_handler(u64 stub_fp, u64 entry_fp, const void *tag, Landing &landing) {
  const CodeMap &map = CodeMap::get();
  const LoadedImage *loaded = nullptr;
  u64 base = 0, size = 0; // of `loaded`: neighbouring frames are mostly of one module
  for (Frame frame = caller_of(stub_fp); frame.fp != entry_fp; frame = caller_of(frame.fp)) {
    if (frame.pc - 1 - base >= size) {
      loaded = map.find(frame.pc - 1);
      if (loaded == nullptr) { // cross_instance_tail
        size = 0;
        continue;
      }
      base = reinterpret_cast<u64>(loaded->base);
      size = loaded->size;
    }
    const HandledCall *call = loaded->find_handled_call(frame.pc);
    if (call == nullptr) [[likely]]
      continue;
    // A function with regions keeps its instance at [fp - 8] (abi/convention.hh).
    const u8 *context = reinterpret_cast<const u8 *>(load_word(frame.fp - 8));
    auto tags = reinterpret_cast<const void *const *>(context + loaded->tags_offset);
    if (const image::Clause *clause = find_clause(*loaded, call->region, tags, tag)) {
      landing = {base + clause->pad, frame.fp, frame.fp - call->frame_size};
      return true;
    }
  }
  return false;
}

} // namespace trapeze::unwind
