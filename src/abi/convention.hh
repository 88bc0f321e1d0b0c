// The calling convention of compiled code, frozen and the same for every back end (CODEGEN.md).
//
//                 x64 (System V's registers)          a64 (AAPCS64's)
//   instance      r13                                 x20
//   integers, refs rdi rsi rdx rcx r8 r9              x0-x7
//   floats, v128  xmm0-xmm7                           v0-v7
//   results       rax rdx, xmm0 xmm1                  x0 x1, v0 v1
//   callee-saved  rbx r12 r13 r14 r15, rbp            x19-x28, x29
//
// Parameters take the next register of their class; once a class is used up, its further parameters go to
// StoreContext::overflow, cells numbered in order of occurrence over both classes. Results likewise.
// The caller writes the area right before the call, the callee reads it before anything else that may
// call, poll or check the stack; results the same way back. Nothing is passed on the machine stack, so
// rsp at a call is rbp minus a constant of the function and any call can be a tail call.
// i32 and ref occupy the low half of a register; the high half is unspecified. i32 cells likewise.
//
// The instance register is preserved by every callee. A call into another instance sets it to the
// callee's context and reloads it from the frame afterwards; a *tail* call into another instance goes
// through `cross_instance_tail` (runtime/stubs), which pushes one frame that restores it, unless such a
// frame is already the caller: constant stack for any number of them. It is reached by a jump with the
// frame torn down as for a plain tail call: code address in rax, new context in r10, r13 still the old
// instance, parameters in place, r11 free; its address is entry cross_instance_tail_slot of the builtins.
//
// Frame of a compiled function (x64):
//
//   [rbp + 8]   return address
//   [rbp]       caller's rbp
//   [rbp - 8]   own instance, in functions with `has_instance_slot` (any with regions or calls to other instances)
//   below       saved callee-saved registers in the order rbx r12 r14 r15, those in the mask only
//   below       frame slots: home slots, spills; refs among them named by stack maps
//   [rsp]       16-byte aligned
//
// A function with regions saves all four. rsp = rbp - frame_size at every call.
#pragma once

#include "base/types.hh"

#include <span>

namespace trapeze::abi {

/// Machine classes of a value.
enum class RegClass : u8 { Int, Float };

struct Convention {
  u8 int_params, float_params, int_results, float_results;
};
inline constexpr Convention x64_convention{6, 8, 2, 2};
inline constexpr Convention a64_convention{8, 8, 2, 2};

/// Where a parameter or result travels: `in_register` -> `index`-th register of its class, else the `index`-th overflow
/// cell.
struct Location {
  bool in_register;
  RegClass cls;
  u16 index;
};

/// Hands out locations in order; one for the parameters, another one for the results.
class Assigner {
public:
  Assigner(u8 int_count, u8 float_count) : ints_(int_count), floats_(float_count) {}
  static Assigner params(const Convention &c) { return {c.int_params, c.float_params}; }
  static Assigner results(const Convention &c) { return {c.int_results, c.float_results}; }
  Location next(RegClass cls) {
    u8 &used = cls == RegClass::Int ? used_ints_ : used_floats_;
    if (used < (cls == RegClass::Int ? ints_ : floats_))
      return {true, cls, used++};
    return {false, cls, cells_++};
  }
  u16 cells() const { return cells_; }

private:
  u8 ints_, floats_, used_ints_ = 0, used_floats_ = 0;
  u16 cells_ = 0;
};

} // namespace trapeze::abi
