// The part of entering Wasm that every call pays for, to be inlined: the thread is prepared (signal stack, stack
// limit), an activation record is linked, and trapeze_enter runs. EXCEPTIONS.md, Borders.
#pragma once

#include "runtime/store.hh"
#include "runtime/stubs.hh"
#include "runtime/traps.hh"

#include <algorithm>
#include <atomic>
#include <utility>

namespace trapeze::runtime {

/// Links an activation while it lives; a forced unwind (thread cancellation) passes through its destructor.
class Entered {
public:
  Entered(abi::StoreContext &context, ThreadState &thread)
      : activation_{0, static_cast<Activation *>(context.activation), context.exit_fp}, context_(context),
        outer_(std::exchange(thread.current, &context)) {
    context.activation = &activation_;
  }
  ~Entered() {
    context_.activation = activation_.previous;
    context_.exit_fp = activation_.previous_exit_fp;
    this_thread().current = outer_;
  }
  Entered(const Entered &) = delete;
  Entered &operator=(const Entered &) = delete;
  Activation *activation() { return &activation_; }

private:
  Activation activation_;
  abi::StoreContext &context_;
  abi::StoreContext *outer_;
};

/// Mostly the thread and its limit are as the last call left them. An interrupt() that has not written the limit yet
/// will.
inline ThreadState &Store::begin_call() {
  ThreadState &thread = thread_state;
  u64 here = reinterpret_cast<u64>(__builtin_frame_address(0));
  u64 limit = std::atomic_ref<u64>(context().stack_limit).load(std::memory_order_relaxed);
  bool is_own_stack = here - thread.stack_low < thread.stack_high - thread.stack_low;
  bool is_as_before = is_own_stack && stack_size_ == 0 && limit == thread.stack_limit;
  if (!is_as_before) [[unlikely]]
    prepare_call(thread);
  return thread;
}

inline bool Store::enter_code(const abi::FuncRef &func, Registers &registers, FloatUse floats) {
  ThreadState &thread = begin_call();
  Entered entered(context(), thread);
  return trapeze_enter(&registers, func.code, func.context, entered.activation(), floats) == 0;
}

inline bool Store::enter(Func func, Registers &area) {
  const CallPlan &plan = func.type_entry().plan;
  auto *cells = reinterpret_cast<ValueCell *>(&area + 1);
  if (plan.overflow_params != 0) [[unlikely]]
    std::copy_n(cells, plan.overflow_params, context().overflow);
  if (!enter_code(*func.ref(), area, plan.float_params))
    return false;
  if (plan.overflow_results != 0) [[unlikely]]
    std::copy_n(context().overflow, plan.overflow_results, cells);
  return true;
}

} // namespace trapeze::runtime
