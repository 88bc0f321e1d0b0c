// The walk and the personality (EXCEPTIONS: "Frames", "The throw"; Itanium C++ ABI: Exception Handling, 1.6).
//
// Both read only the frame-pointer chain and the rows. SP of a frame at its call is the callee's FP + 16, for nothing
// is passed on the stack; no row has to name it. Registers matter only to pads of LLVM: a second walk takes them from
// the places where the frames in between saved them. The personality does the same one frame at a time: it sets in the
// context of each frame what that frame saved, so its caller inherits it.
#include "unwinding.hh"

#include <cstdio>
#include <cstdlib>
#include <cxxabi.h>

extern "C" const trapeze::u8 spike_enter_return[], spike_enter_uncaught[];

#define UNCHECKED __attribute__((no_sanitize("address")))

namespace trapeze::spike {

Counters counters;
Region *region;
i32 slot_at;
u64 slot_addend;
std::exception_ptr taken_exception;

static constexpr _Unwind_Exception_Class own_class = 0x5452505a57415358; // TRPZWASX
static constexpr int dwarf_registers[5] = {3, 12, 13, 14, 15}, dwarf_rbp = 6;

UNCHECKED static u64 load(u64 fp, i32 at) { return *reinterpret_cast<u64 *>(fp + i64(at)); }

/// Does the frame's clause take a tag of this identity? Only the frame's own instance says what its index means.
static bool takes(const Site &site, u64 fp, const void *identity) {
  if (site.tag == tag_none)
    return false;
  if (site.tag == tag_all)
    return true;
  auto *instance = reinterpret_cast<Instance *>(load(fp, site.instance_at));
  return instance->tags[site.tag] == identity;
}

UNCHECKED static void touch_slot(u64 fp) {
  if (slot_at)
    *reinterpret_cast<u64 *>(fp + i64(slot_at) + 16) += slot_addend;
}

UNCHECKED static void reload_registers(u64 *fp, u64 *handler_fp, Landing &landing) {
  ++counters.second_walks;
  for (u64 *frame = fp; frame != handler_fp; frame = reinterpret_cast<u64 *>(frame[0])) {
    u64 *caller = reinterpret_cast<u64 *>(frame[0]);
    if (caller == handler_fp)
      break; // the handler's own saves belong to its caller
    SavedRegisters saved = region->saved(u32(frame[1] - u64(region->base())));
    for (int i = 0; i < 5; ++i)
      if (saved.at[i])
        landing.registers[i] = load(u64(caller), saved.at[i]);
  }
}

UNCHECKED void spike_find_handler(Instance *instance, u32 tag, u64 *fp, Landing *landing) {
  abi::StoreContext &store = *instance->head.store;
  if (tag != ~0u)
    store.current_tag = instance->tags[tag];
  const u64 base = u64(region->base()), border = u64(region->own(spike_enter_return));
  for (u64 *frame = fp;; frame = reinterpret_cast<u64 *>(frame[0])) {
    ++counters.frames;
    u64 ra = frame[1], caller = frame[0];
    landing->fp = caller;
    landing->sp = u64(frame) + 16;
    if (ra == border) {
      landing->pc = u64(region->own(spike_enter_uncaught));
      return;
    }
    const Site *site = region->site(u32(ra - base));
    if (!site || !takes(*site, caller, store.current_tag))
      continue;
    landing->pc = base + site->pad;
    landing->clause = site->clause;
    if (region->expects_registers(u32(ra - base))) {
      reload_registers(fp, reinterpret_cast<u64 *>(caller), *landing);
      touch_slot(caller);
    } else {
      landing->registers[2] = load(caller, site->instance_at);
    }
    return;
  }
}

void spike_raise(Instance *instance, u32 tag) {
  if (tag != ~0u)
    instance->head.store->current_tag = instance->tags[tag];
  auto *object = new _Unwind_Exception{};
  object->exception_class = own_class;
  object->exception_cleanup = [](_Unwind_Reason_Code, _Unwind_Exception *o) { delete o; };
  _Unwind_Reason_Code code = _Unwind_RaiseException(object);
  fprintf(stderr, "spike: _Unwind_RaiseException returned %d\n", int(code));
  abort();
}

void spike_take(Instance *, _Unwind_Exception *object) {
  ++counters.taken;
  if (object->exception_class == own_class) {
    delete object;
    return;
  }
  __cxxabiv1::__cxa_begin_catch(object);
  taken_exception = std::current_exception();
  __cxxabiv1::__cxa_end_catch();
}

_Unwind_Reason_Code spike_personality(int, _Unwind_Action actions, _Unwind_Exception_Class cls,
                                      _Unwind_Exception *object, _Unwind_Context *context) {
  ++counters.personality_calls;
  u32 offset = u32(_Unwind_GetIP(context) - u64(region->base()));
  u64 fp = _Unwind_GetGR(context, dwarf_rbp);
  const Site *site = region->site(offset);
  bool own = cls == own_class;
  const void *identity = nullptr;
  if (own) { // the unwinder uses private_1 and 2 itself: the store is found through the frame's context where needed
    identity = site && site->tag < tag_none
                   ? reinterpret_cast<Instance *>(load(fp, site->instance_at))->head.store->current_tag
                   : nullptr;
  }
  bool lands = site && takes(*site, fp, own ? identity : reinterpret_cast<const void *>(~0ull));
  if (actions & _UA_SEARCH_PHASE)
    return lands ? _URC_HANDLER_FOUND : _URC_CONTINUE_UNWIND;
  if (lands && !(actions & _UA_FORCE_UNWIND)) {
    ++counters.personality_landings;
    if (region->expects_registers(offset))
      touch_slot(fp);
    _Unwind_SetGR(context, 0, u64(object));
    _Unwind_SetGR(context, 1, site->clause);
    _Unwind_SetIP(context, u64(region->base()) + site->system_pad);
    return _URC_INSTALL_CONTEXT;
  }
  SavedRegisters saved = region->saved(offset);
  for (int i = 0; i < 5; ++i)
    if (saved.at[i])
      _Unwind_SetGR(context, dwarf_registers[i], load(fp, saved.at[i]));
  return _URC_CONTINUE_UNWIND;
}

} // namespace trapeze::spike
