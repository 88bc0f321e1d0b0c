// What an instruction may do, beyond its row in ops.def: builtins by their own table.
#pragma once

#include "ir/function.hh"

namespace trapeze::ir {

inline bool is_terminator(Op op) { return (row(op).effect == Effect::Control); }

inline abi::BuiltinEffect builtin_effect(const Function &fn, Inst call) {
  return abi::row(static_cast<abi::Builtin>(fn.call(call).callee)).effect;
}

/// Whether control may leave the call for a pad of its region.
inline bool may_throw(const Function &fn, Inst inst) {
  const Op op = fn.insts[inst].op;
  if (op == Op::Call || op == Op::CallPtr)
    return true;
  return op == Op::CallBuiltin && builtin_effect(fn, inst) == abi::BuiltinEffect::Throws;
}

/// Whether the instruction may go when nobody uses its value. MakeExnref collects and may run out of
/// memory, but an exception object that nobody asked for need not exist.
inline bool is_removable(const Function &fn, Inst inst) {
  const InstRow &r = fn.insts[inst];
  switch (row(r.op).effect) {
  case Effect::Pure:
    return true;
  case Effect::Read:
    return r.op == Op::SlotLoad || Access::unpack(r.aux).removable;
  case Effect::Call:
    return r.op == Op::CallBuiltin && (builtin_effect(fn, inst) == abi::BuiltinEffect::Pure ||
                                       fn.call(inst).callee == static_cast<u32>(abi::Builtin::MakeExnref));
  default:
    return false;
  }
}

/// Whether memory and table lengths, globals and table elements may be others afterwards.
inline bool clobbers_state(const Function &fn, Inst inst) {
  const Op op = fn.insts[inst].op;
  if (op == Op::CallBuiltin)
    return builtin_effect(fn, inst) != abi::BuiltinEffect::Pure;
  return row(op).effect == Effect::Call;
}

/// Calls f(u32 &operand) for each value an instruction reads, arguments of calls, edges and returns too.
template <typename F> void for_each_operand(Function &fn, Inst inst, F &&f) {
  InstRow &r = fn.insts[inst];
  const auto list = [&](u32 first, u32 count) {
    for (u32 i = 0; i < count; ++i)
      f(fn.pool[first + i]);
  };
  switch (row(r.op).format) {
  case Format::Ternary:
    f(r.a);
    f(r.b);
    f(r.c);
    break;
  case Format::Binary:
  case Format::Store:
    f(r.a);
    f(r.b);
    break;
  case Format::Unary:
  case Format::Load:
  case Format::SlotStore:
  case Format::Branch:
  case Format::Switch:
  case Format::TrapIf:
  case Format::Proj:
    f(r.a);
    break;
  case Format::Call:
    list(r.a + CallRow::words, fn.pool[r.a + 3]);
    break;
  case Format::Jump:
    list(r.b + 2, fn.pool[r.b + 1]);
    break;
  case Format::Return:
    list(r.b + 1, fn.pool[r.b]);
    break;
  case Format::Const64:
  case Format::SlotLoad:
  case Format::Trap:
  case Format::Param:
    break;
  }
}

template <typename F> void for_each_operand(const Function &fn, Inst inst, F &&f) {
  for_each_operand(const_cast<Function &>(fn), inst, [&](u32 &operand) { f(operand); });
}

} // namespace trapeze::ir
