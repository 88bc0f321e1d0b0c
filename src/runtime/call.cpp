// Entering Wasm from the host. EXCEPTIONS.md, Borders.
//
// Arguments go to registers and overflow cells as the type's plan says, enter.hh runs the code, and it comes back
// either with results or having been left; then the store's Departure says how.
#include "base/assert.hh"
#include "os/thread.hh"
#include "runtime/enter.hh"

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
  thread.stack_size = bounds.high - bounds.low;
  thread.stack_limit = bounds.low + std::min(headroom, (bounds.high - bounds.low) / 2);
}

void place_arguments(const CallPlan &plan, const ValueCell *args, Registers &registers, abi::StoreContext &context) {
  for (CallPlan::Slot slot : plan.params)
    copy_value(value_at(registers, context, slot.place), (args++)->bytes, slot.size);
}

void fetch_results(const CallPlan &plan, ValueCell *results, Registers &registers, abi::StoreContext &context) {
  for (CallPlan::Slot slot : plan.results)
    *results++ = cell_at(value_at(registers, context, slot.place), slot.size);
}

} // namespace

void Store::prepare_call() {
  if (is_prepared(context(), stack_size_)) [[likely]]
    return;
  ThreadState &thread = this_thread();
  if (thread.stack_limit == 0)
    prepare(thread);
  if (context().activation == nullptr)
    limit_stack(thread);
}

void Store::limit_stack(const ThreadState &thread) {
  u64 here = reinterpret_cast<u64>(__builtin_frame_address(0));
  bool is_own_stack = here - thread.stack_low < thread.stack_size;
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
  Registers registers;
  prepare_call();
  place_arguments(plan, args, registers, context());
  if (!run_code(*func.ref(), registers, plan.float_params))
    return false;
  fetch_results(plan, results, registers, context());
  return true;
}

bool Store::enter_slowly(Func func, Registers &area) {
  const CallPlan &plan = func.type_entry().plan;
  auto *cells = reinterpret_cast<ValueCell *>(&area + 1);
  prepare_call();
  std::copy_n(cells, plan.overflow_params, context().overflow);
  if (!run_code(*func.ref(), area, plan.float_params))
    return false;
  std::copy_n(context().overflow, plan.overflow_results, cells);
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
