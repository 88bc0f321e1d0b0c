// Both ways from a throw to its pad, over the same rows: the walk of the frame-pointer chain, and the platform's
// unwinder with a personality of our own.
#pragma once

#include "region.hh"

#include <exception>
#include <unwind.h>

namespace trapeze::spike {

/// An instance of the spike: the head every context has, the chain its frames call along, its tags.
struct Instance {
  abi::InstanceContext head;
  abi::ImportedFunc chain[160];
  void *tags[4];
};
static_assert(offsetof(Instance, chain) == 48 && offsetof(Instance, tags) == 2608);
static_assert(offsetof(abi::StoreContext, throws_slowly) == 56 && offsetof(abi::StoreContext, overflow) == 64 &&
              offsetof(abi::StoreContext, payload) == 64 + 16000 && offsetof(abi::StoreContext, current_tag) == 40);

/// What spike_throw_fast loads before it jumps.
struct Landing {
  u64 pc, fp, sp;
  u64 registers[5]; ///< rbx r12 r13 r14 r15
  u64 clause;
};
static_assert(sizeof(Landing) == 72);

struct Counters {
  u64 frames = 0, second_walks = 0, personality_calls = 0, personality_landings = 0, taken = 0;
  u64 sp_checked = 0; ///< landings whose SP by the walk was compared with the frame's constant
};
extern Counters counters;

/// The region in use, where its border is, and what a landing in an LLVM frame adds to its third slot (as a moving
/// collector would): set by the tests.
extern Region *region;
extern i32 slot_at; ///< rbp-relative place of the slots of the LLVM function that lands, 0: none
extern u64 slot_addend;
/// A C++ exception that a pad took over.
extern std::exception_ptr taken_exception;

extern "C" {
void spike_find_handler(Instance *instance, u32 tag, u64 *fp, Landing *landing);
void spike_raise(Instance *instance, u32 tag);
void spike_take(Instance *instance, _Unwind_Exception *object);
_Unwind_Reason_Code spike_personality(int version, _Unwind_Action actions, _Unwind_Exception_Class cls,
                                      _Unwind_Exception *object, _Unwind_Context *context);
}

} // namespace trapeze::spike
