// Entering Wasm from the host. EXCEPTIONS.md, Borders.
//
// Per call: the thread is prepared (signal stack, stack limit), arguments go to registers and overflow cells as the
// type's plan says, an activation record is linked, and trapeze_enter runs. It comes back either with results or having
// been left; then the store's Departure says how.
#include "base/assert.hh"
#include "os/thread.hh"
#include "runtime/store.hh"
#include "runtime/stubs.hh"
#include "runtime/traps.hh"

#include <algorithm>
#include <atomic>
#include <utility>

namespace trapeze::runtime {

namespace {

/// Left below the lowest frame of Wasm: host functions, the runtime, and a signal frame with AVX-512 state.
constexpr u64 headroom = 256 << 10;

/// What Wasm takes of a stack that is not its thread's, unless Store::set_stack_size says otherwise.
constexpr u64 fiber_size = 32 << 10;

[[gnu::cold]] void prepare(ThreadState &thread) {
  bool has_signal_stack = os::ensure_signal_stack();
  ASSERT(has_signal_stack);
  os::StackBounds bounds = os::stack_bounds();
  thread.stack_low = bounds.low;
  thread.stack_high = bounds.high;
  thread.stack_limit = bounds.low + std::min(headroom, (bounds.high - bounds.low) / 2);
}

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

void place_arguments(const CallPlan &plan, const ValueCell *args, Registers &registers, abi::StoreContext &context) {
  for (const CallPlan::Slot &slot : plan.params) {
    abi::Location at = slot.where;
    if (!at.in_register)
      context.overflow[at.index] = *args++;
    else if (at.cls == abi::RegClass::Int)
      registers.ints[at.index] = get<u64>(*args++);
    else
      registers.floats[at.index] = *args++;
  }
}

void fetch_results(const CallPlan &plan, ValueCell *results, const Registers &registers,
                   const abi::StoreContext &context) {
  for (const CallPlan::Slot &slot : plan.results)
    *results++ = cell_at(place_of(slot.where, registers.int_results, registers.float_results, context), slot.size);
}

} // namespace

/// Mostly the thread and its limit are as the last call left them. An interrupt() that has not written the limit yet
/// will.
inline ThreadState &Store::begin_call() {
  ThreadState &thread = this_thread();
  u64 here = reinterpret_cast<u64>(__builtin_frame_address(0));
  u64 limit = std::atomic_ref<u64>(context().stack_limit).load(std::memory_order_relaxed);
  bool is_own_stack = here - thread.stack_low < thread.stack_high - thread.stack_low;
  bool is_as_before = is_own_stack && stack_size_ == 0 && limit == thread.stack_limit;
  if (!is_as_before) [[unlikely]]
    prepare_call(thread);
  return thread;
}

void Store::prepare_call(ThreadState &thread) {
  if (thread.stack_limit == 0)
    prepare(thread);
  if (context().activation == nullptr)
    limit_stack(thread);
}

void Store::limit_stack(const ThreadState &thread) {
  u64 here = reinterpret_cast<u64>(__builtin_frame_address(0));
  bool is_own_stack = thread.stack_low <= here && here < thread.stack_high;
  // On a stack of the host's own making (a fiber) nobody says how large it is.
  u64 wanted = stack_size_ != 0 || is_own_stack ? stack_size_ : fiber_size;
  stack_limit_ = is_own_stack ? thread.stack_limit : 0;
  if (wanted != 0 && wanted < here)
    stack_limit_ = std::max(stack_limit_, here - wanted);
  set_stack_limit();
}

/// Sets the limit of this thread. An interrupt() that comes at the same time is not lost: it sets its flag before it
/// writes the limit, and we write the limit before we read the flag.
void Store::set_stack_limit() {
  std::atomic_ref<u64> limit(context().stack_limit);
  limit.store(stack_limit_);
  if (words_->interrupt_requested.load())
    limit.store(~u64{0});
}

void Store::take_interrupt() {
  words_->interrupt_requested.store(false);
  set_stack_limit();
}

void InterruptHandle::interrupt() const {
  words_->interrupt_requested.store(true);
  std::atomic_ref<u64>(words_->context.stack_limit).store(~u64{0});
}

bool Store::enter(Func func, const ValueCell *args, ValueCell *results) {
  const CallPlan &plan = func.type_entry().plan;
  ThreadState &thread = begin_call();
  Registers registers;
  {
    Entered entered(context(), thread);
    place_arguments(plan, args, registers, context());
    if (trapeze_enter(&registers, func.ref()->code, func.ref()->context, entered.activation()) != 0)
      return false;
  }
  fetch_results(plan, results, registers, context());
  return true;
}

Outcome Store::departed() {
  Departure left = std::exchange(departure_, {});
  if (left.kind == OutcomeKind::Exception)
    if (std::exception_ptr foreign = foreign_exception(left.exception))
      std::rethrow_exception(std::move(foreign));
  return {left.kind, std::move(left.trap), Ref(*this, left.exception), std::move(left.backtrace), left.exit_status};
}

Outcome Store::call(Func func, std::span<const ValueCell> args, std::span<ValueCell> results) {
  const CallPlan &plan = func.type_entry().plan;
  ASSERT(args.size() == plan.params.size() && results.size() == plan.results.size());
  if (enter(func, args.data(), results.data()))
    return {};
  return departed();
}

} // namespace trapeze::runtime
