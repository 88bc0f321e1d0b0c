// Roots. A collection happens only while Wasm is left through a stub (a builtin, a host call, a throw that nobody
// catches) or while no Wasm runs; then every live reference is in one of:
//
//   frames         of all activations: the slots that the call site's stack map names, [fp + slot]
//   globals, tables, element segments, handles of the host
//   temporary      what C++ functions of the runtime hold: arguments of a host call, fields of a new exception
//   departure      the exception an activation is being left with
//   payload area   only while an exception in flight is made an object (payload_is_live_)
//
// The overflow area is no root: arguments are written right before a call and read by the callee before anything that
// could collect (host calls copy them into temporary roots first), results are written right before a return and read
// first thing behind it.
#include "base/assert.hh"
#include "runtime/code.hh"
#include "runtime/global.hh"
#include "runtime/instance.hh"
#include "runtime/memory.hh"
#include "runtime/store.hh"
#include "runtime/stubs.hh"
#include "runtime/table.hh"
#include "runtime/tag.hh"
#include "unwind/code_map.hh"
#include "unwind/walk.hh"

namespace trapeze::runtime {

/// FuncRefs never die, so what holds only functions has no roots.
bool Store::holds_collectable(wasm::ValType type) const {
  return type.is_ref() && !types().matches(type, wasm::funcref_type);
}

template <typename Visit> void Store::visit_frames(Visit &&visit) {
  u64 exit_fp = context().exit_fp;
  for (const Activation *at = activation(); at != nullptr; exit_fp = at->previous_exit_fp, at = at->previous) {
    unwind::walk(exit_fp, at->entry_fp, [&](unwind::Frame frame) {
      const unwind::LoadedImage *loaded = unwind::CodeMap::get().find(frame.pc - 1);
      if (loaded == nullptr) // cross_instance_tail
        return true;
      const image::CallSiteRow *call = loaded->image->find_call(loaded->offset_of(frame.pc));
      ASSERT(call != nullptr || !Code::of(*loaded)->is_checked());
      if (call != nullptr)
        for (i32 slot : loaded->image->slots_of(*call))
          visit(*reinterpret_cast<const RawRef *>(frame.fp + static_cast<i64>(slot)));
      return true;
    });
  }
}

template <typename Visit> void Store::visit_roots(Visit &&visit) {
  visit_frames(visit);
  for (const Global *global : root_globals_)
    visit(runtime::get<RawRef>(global->get().cell));
  for (const Table *table : root_tables_)
    for (u64 i = 0; i < table->size(); ++i)
      visit(table->get(i));
  for (const auto &instance : instances_)
    instance->visit_roots(visit);
  handles_->visit_roots(visit);
  for (RawRef ref : temporary_roots_)
    visit(ref);
  visit(departure_.exception);
  if (!payload_is_live_)
    return;
  visit(context().current_exn);
  if (auto *tag = static_cast<const Tag *>(context().current_tag))
    for (u32 field : tag->ref_fields())
      visit(runtime::get<RawRef>(context().payload[field]));
}

void Store::collect() {
  heap_->begin_marking();
  visit_roots([this](RawRef ref) { heap_->mark(ref); });
  heap_->finish([this](ObjectHeader *header) {
    if (header->kind == ObjectKind::Extern)
      if (u64 value = reinterpret_cast<ExternObject *>(header)->value; (value & tracked_extern) != 0)
        dead_externs_.push_back(value);
    if (header->kind != ObjectKind::Exception)
      return;
    auto *object = reinterpret_cast<ExceptionObject *>(header);
    if (heap_->ref_of(object) == surfaced_)
      surfaced_ = 0;
    if (object->tag != nullptr)
      return;
    foreign_dead_.push_back(std::move(foreign_[object->foreign]));
    foreign_free_.push_back(object->foreign);
  });
  if (!payload_is_live_)
    context().current_exn = 0;
}

void Store::safepoint() {
  if (engine_->stress_collect() || heap_->wants_collection())
    collect();
}

RawRef Store::allocate(ObjectKind kind, u32 size) {
  safepoint();
  RawRef ref = heap_->allocate(kind, size);
  if (ref == 0) {
    collect();
    ref = heap_->allocate(kind, size);
  }
  return ref;
}

} // namespace trapeze::runtime
