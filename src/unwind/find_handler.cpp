// The walk of find_handler.hh. A return address may be the first byte behind its image (a call that does not return
// can stand last), so images are looked up by the byte before it.
#include "unwind/find_handler.hh"

#include "unwind/code_map.hh"
#include "unwind/walk.hh"

namespace trapeze::unwind {

namespace {

/// Where the first clause on the way out that matches lands; 0: none does.
u32 find_pad(const LoadedImage &loaded, const HandledCall &call, const u8 *context, const void *tag) {
  auto tag_at = [&](u32 offset) { return *reinterpret_cast<const void *const *>(context + offset); };
  if (call.tag_at == HandledCall::catches_all || tag_at(call.tag_at) == tag)
    return call.pad;
  if (!call.has_more)
    return 0;
  for (u32 region = call.region; region != image::no_region; region = loaded.regions[region].parent) {
    const image::Region &row = loaded.regions[region];
    const image::Clause *clause = loaded.clauses + row.first_clause, *end = clause + row.clause_count;
    for (; clause != end; ++clause)
      if (clause->tag == image::catch_all_tag || tag_at(loaded.tags_offset + 8 * clause->tag) == tag)
        return clause->pad;
  }
  return 0;
}

} // namespace

bool find_handler(u64 callee_fp, u64 entry_fp, const void *tag, Landing &landing) {
  const CodeMap &map = CodeMap::get();
  const LoadedImage *loaded = nullptr;
  u64 base = 0, size = 0; // of `loaded`: neighbouring frames are mostly of one module
  for (u64 fp; (fp = caller_of(callee_fp).fp) != entry_fp; callee_fp = fp) {
    u64 pc = caller_of(callee_fp).pc;
    if (pc - 1 - base >= size) {
      loaded = map.find(pc - 1);
      if (loaded == nullptr) { // cross_instance_tail
        size = 0;
        continue;
      }
      base = reinterpret_cast<u64>(loaded->base);
      size = loaded->size;
    }
    const HandledCall *call = loaded->find_handled_call(pc);
    if (call == nullptr) [[likely]]
      continue;
    // A function with regions keeps its instance at [fp - 8] (abi/convention.hh).
    if (u32 pad = find_pad(*loaded, *call, reinterpret_cast<const u8 *>(load_word(fp - 8)), tag)) {
      landing = {base + pad, fp, callee_fp + 16};
      return true;
    }
  }
  return false;
}

} // namespace trapeze::unwind
