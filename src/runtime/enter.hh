// The part of entering Wasm that every call pays for, to be inlined: the thread is prepared (signal stack, stack
// limit), an activation record is linked, and trapeze_enter runs. EXCEPTIONS.md, Borders.
#pragma once

#include "runtime/store.hh"
#include "runtime/stubs.hh"
#include "runtime/traps.hh"

#include <atomic>

namespace trapeze::runtime {

/// Links an activation while it lives; a forced unwind (thread cancellation) passes through its destructor. Not one
/// object with the activation: nobody has this one's address, so it stays in registers.
class Linked {
public:
  Linked(abi::StoreContext &context, Activation &activation) : context_(context), activation_(activation) {
    activation.previous = static_cast<Activation *>(context.activation);
    activation.previous_exit_fp = context.exit_fp;
    context.activation = &activation;
  }
  ~Linked() {
    context_.activation = activation_.previous;
    context_.exit_fp = activation_.previous_exit_fp;
  }
  Linked(const Linked &) = delete;
  Linked &operator=(const Linked &) = delete;

private:
  abi::StoreContext &context_;
  Activation &activation_;
};

/// Mostly the thread and its limit are as the last call left them. An interrupt() that has not written the limit yet
/// will.
inline bool is_prepared(abi::StoreContext &context, u64 stack_size) {
  const ThreadState &thread = thread_state;
  u64 here = reinterpret_cast<u64>(__builtin_frame_address(0));
  u64 limit = std::atomic_ref<u64>(context.stack_limit).load(std::memory_order_relaxed);
  bool is_own_stack = here - thread.stack_low < thread.stack_size;
  return is_own_stack && stack_size == 0 && limit == thread.stack_limit;
}

inline bool run_code(const abi::FuncRef &func, Registers &registers, FloatUse floats) {
  Activation activation; // the stub writes entry_fp
  Linked linked(*func.context->store, activation);
  return trapeze_enter(&registers, func.code, func.context, &activation, floats) == 0;
}

inline bool Store::enter(Func func, Registers &area) {
  const CallPlan &plan = func.type_entry().plan;
  if (plan.has_overflow || !is_prepared(*func.ref()->context->store, stack_size_)) [[unlikely]]
    return enter_slowly(func, area);
  return run_code(*func.ref(), area, plan.float_params);
}

} // namespace trapeze::runtime
