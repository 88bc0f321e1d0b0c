// The border between C++ and compiled code: what stubs_x64.S offers and what it calls. abi/convention.hh has the
// registers, EXCEPTIONS.md (Borders) the reasons.
//
// C++ frames of the runtime are never abandoned: a C++ function that decides to unwind returns to its stub with a
// Landing or a `pending` mark, and the stub, whose frame is the innermost, jumps.
#pragma once

#include "abi/convention.hh"
#include "abi/vmctx.hh"
#include "runtime/type_registry.hh"
#include "runtime/value.hh"
#include "unwind/find_handler.hh"

#include <cstddef>
#include <cstring>

namespace trapeze::runtime {

/// Registers at the border, in the order of the convention.
struct Registers {
  u64 ints[6];
  ValueCell floats[8];
  u64 int_results[2];
  ValueCell float_results[2];
};

/// Values at the border stand in a call area: Registers, behind them overflow cells, those of the arguments first, then
/// those of the results from the same start on. A value's place is its offset there; eight bytes can be read and
/// written at every place, and 16 where a v128 is.
inline u16 place_in_area(abi::Location at, usize ints, usize floats) {
  if (!at.in_register)
    return static_cast<u16>(sizeof(Registers) + sizeof(ValueCell) * at.index);
  return static_cast<u16>(at.cls == abi::RegClass::Int ? ints + sizeof(u64) * at.index
                                                       : floats + sizeof(ValueCell) * at.index);
}
inline u16 place_of_param(abi::Location at) {
  return place_in_area(at, offsetof(Registers, ints), offsetof(Registers, floats));
}
inline u16 place_of_result(abi::Location at) {
  return place_in_area(at, offsetof(Registers, int_results), offsetof(Registers, float_results));
}

/// Where `place` is while the overflow cells are the store's.
inline u8 *value_at(Registers &registers, abi::StoreContext &context, u16 place) {
  if (place < sizeof(Registers)) [[likely]]
    return reinterpret_cast<u8 *>(&registers) + place;
  return reinterpret_cast<u8 *>(context.overflow) + (place - sizeof(Registers));
}

/// A value of `size` bytes (4, 8 or 16) from cell to place or back; of four bytes eight are copied.
inline void copy_value(u8 *to, const u8 *from, u8 size) {
  u64 word;
  std::memcpy(&word, from, sizeof word);
  std::memcpy(to, &word, sizeof word);
  if (size == 16)
    std::memcpy(to + 8, from + 8, 8);
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
u64 trapeze_enter(Registers *registers, const void *code, abi::InstanceContext *context, Activation *activation,
                  FloatUse params);
/// Landing pc that leaves an activation: fp = entry_fp, sp = entry_fp - ENTRY_FRAME_SIZE.
void trapeze_abandon();
/// The same, landed at by the system's unwinder (unwind::Border).
void trapeze_border_pad();
/// Code address of every host function. Calls its HostFunction::entry.
void trapeze_host_call_stub();
/// Where a fault in Wasm code goes on; first argument the StoreContext.
void trapeze_trap_landing();
/// Return address of the frames that cross_instance_tail pushes.
extern const u8 trapeze_tail_return[];
/// Stub addresses by Builtin, then cross_instance_tail.
extern const void *const trapeze_builtin_table[];

// --- called by the stubs
/// HostFunction::entry of what is written as HostCode.
void trapeze_host_call(abi::InstanceContext *context, Registers *registers);
void trapeze_dispatch_pending(abi::StoreContext *store, u64 stub_fp, unwind::Landing *landing);
/// trapeze_search met what it does not know; it goes on with the caller of the frame `callee_fp`.
void trapeze_search_on(abi::StoreContext *store, u64 callee_fp, unwind::Landing *landing);
void trapeze_trap(abi::StoreContext *store, unwind::Landing *landing);

} // extern "C"

inline const void *host_call_code() { return reinterpret_cast<const void *>(&trapeze_host_call_stub); }

} // namespace trapeze::runtime
