// The walk of find_handler.hh. A return address may be the first byte behind its image (a call that does not return
// can stand last), so images are looked up by the byte before it.
#include "unwind/find_handler.hh"

#include "unwind/code_map.hh"
#include "unwind/walk.hh"

namespace trapeze::unwind {

namespace {

/// Where the first clause on the way out that matches lands; 0: none does.
u32 find_pad(const LoadedImage &loaded, const HandledCall &call, const u8 *context, const void *tag) {
  if (call.tag_at == HandledCall::catches_all || loaded.has_tag(context, call.tag_at, tag))
    return call.pad;
  u32 pad = 0;
  if (call.has_more)
    loaded.image->visit_clauses(call.region, [&](u32, const image::Clause &clause) {
      if (clause.tag == image::catch_all_tag || loaded.has_tag(context, loaded.place_of_tag(clause.tag), tag))
        pad = clause.pad;
      return pad == 0;
    });
  return pad;
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
    u32 pad = find_pad(*loaded, *call, reinterpret_cast<const u8 *>(load_word(fp - 8)), tag);
    if (pad != 0 && pad < size) {
      landing = {base + pad, fp, callee_fp + 16};
      return true;
    }
  }
  return false;
}

} // namespace trapeze::unwind
