// The border between C++ and compiled code: what stubs_x64.S offers and what it calls. abi/convention.hh has the
// registers, EXCEPTIONS.md (Borders) the reasons.
//
// C++ frames of the runtime are never abandoned: a C++ function that decides to unwind returns to its stub with a
// Landing or a `pending` mark, and the stub, whose frame is the innermost, jumps.
#pragma once

#include "abi/convention.hh"
#include "abi/vmctx.hh"
#include "runtime/value.hh"
#include "unwind/find_handler.hh"

#include <cstring>

namespace trapeze::runtime {

/// Registers at the border, in the order of the convention.
struct Registers {
  u64 ints[6];
  ValueCell floats[8];
  u64 int_results[2];
  ValueCell float_results[2];
};

/// Where a value is that came over the border; 16 bytes can be read there, 8 of an integer register.
inline const void *place_of(abi::Location at, const u64 *ints, const ValueCell *floats,
                            const abi::StoreContext &context) {
  if (!at.in_register)
    return &context.overflow[at.index];
  return at.cls == abi::RegClass::Int ? static_cast<const void *>(&ints[at.index]) : &floats[at.index];
}

/// Its first `size` bytes (4, 8 or 16) as a cell, the rest zero.
inline ValueCell cell_at(const void *from, u8 size) {
  u64 words[2] = {0, 0};
  std::memcpy(&words[0], from, sizeof words[0]);
  if (size == 4)
    words[0] = static_cast<u32>(words[0]);
  else if (size == 16)
    std::memcpy(&words[1], static_cast<const u8 *>(from) + 8, sizeof words[1]);
  ValueCell cell;
  std::memcpy(cell.bytes, words, sizeof words);
  return cell;
}

/// One entry of the host into Wasm; on the C++ stack of Store::call, linked from StoreContext::activation.
struct Activation {
  u64 entry_fp; ///< frame pointer of the entry stub: walks end there
  Activation *previous;
  u64 previous_exit_fp; ///< StoreContext::exit_fp when this one began: where the previous one was left
};

/// Values of StoreContext::pending.
enum class PendingKind : u64 { None, Trap, Exception, Exit };

extern "C" {

// --- stubs_x64.S
/// Calls `code` with r13 = context and registers from `registers`; 0: returned, results stored; 1: left through
/// trapeze_abandon. Sets MXCSR to default and back, unless only its sticky flags differ.
u64 trapeze_enter(Registers *registers, const void *code, abi::InstanceContext *context, Activation *activation);
/// Landing pc that leaves an activation: fp = entry_fp, sp = entry_fp - ENTRY_FRAME_SIZE.
void trapeze_abandon();
/// The same, landed at by the system's unwinder (unwind::Border).
void trapeze_border_pad();
/// Code address of every host function.
void trapeze_host_call_stub();
/// Where a fault in Wasm code goes on; first argument the StoreContext.
void trapeze_trap_landing();
/// Return address of the frames that cross_instance_tail pushes.
extern const u8 trapeze_tail_return[];
/// Stub addresses by Builtin, then cross_instance_tail.
extern const void *const trapeze_builtin_table[];

// --- called by the stubs
void trapeze_host_call(abi::InstanceContext *context, Registers *registers);
void trapeze_dispatch_pending(abi::StoreContext *store, u64 stub_fp, unwind::Landing *landing);
/// trapeze_search met what it does not know; it goes on with the caller of the frame `callee_fp`.
void trapeze_search_on(abi::StoreContext *store, u64 callee_fp, unwind::Landing *landing);
void trapeze_trap(abi::StoreContext *store, unwind::Landing *landing);

} // extern "C"

inline const void *host_call_code() { return reinterpret_cast<const void *>(&trapeze_host_call_stub); }

} // namespace trapeze::runtime
