// Stage 1 of the two-stage personality: what the platform's unwinder calls for frames of compiled code and for the
// entry border. Itanium C++ ABI, Exception Handling, 2.5 (The Unwind Process); EXCEPTIONS.md, System path.
//
// Stage 1 decides and never changes anything of the store: it finds the function's LSDA by pc, goes through the call
// site's clauses, and compares tags through the frame's own instance, so that a frame with other handlers costs no
// landing. In the search phase it says whether the frame handles; in the clean-up phase it lands the handler frame at
// its region's system pad with the exception object and the selector. Stage 2 (runtime/system_unwind) is called from
// there. Forced unwinding (thread cancellation, pthread_exit) is never caught.
#pragma once

#include "abi/vmctx.hh"

#include <unwind.h>

namespace trapeze::unwind {

/// "TRPZWSM" and 0.
inline constexpr _Unwind_Exception_Class exception_class = 0x5452505a57534d00;

/// A Wasm exception as the platform's unwinder carries it. The payload stays in the store's area: nothing but
/// personalities runs between the throw and stage 2. One per store: a throw ends before the next begins.
struct UnwindException {
  _Unwind_Exception header;
  const void *tag; ///< store-unique; null: a foreign exception thrown on
  abi::StoreContext *store;
};

inline bool is_wasm(const _Unwind_Exception *object) { return object->exception_class == exception_class; }
inline UnwindException *as_wasm(_Unwind_Exception *object) { return reinterpret_cast<UnwindException *>(object); }

/// The runtime's part of the border, set once.
struct Border {
  /// In the search phase: nothing inside catches, the frames still stand, so the exception becomes an object and the
  /// departure is decided. Runs inside the unwinder.
  void (*depart)(UnwindException &exception);
  /// Where trapeze_enter's frame is landed in, with rbp only.
  void (*pad)();
};
void set_border(Border border);

extern "C" {

/// Bound by name: of every frame of compiled code.
_Unwind_Reason_Code trapeze_personality(int version, _Unwind_Action actions, _Unwind_Exception_Class exception_class,
                                        _Unwind_Exception *object, _Unwind_Context *context);

/// Of trapeze_enter: Wasm exceptions end here and leave the activation as a departure; C++ exceptions and forced
/// unwinds go through, and the host's MXCSR comes back.
_Unwind_Reason_Code trapeze_border_personality(int version, _Unwind_Action actions,
                                               _Unwind_Exception_Class exception_class, _Unwind_Exception *object,
                                               _Unwind_Context *context);

} // extern "C"

} // namespace trapeze::unwind
