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

u64 stack_limit_of_thread() {
  os::StackBounds bounds = os::stack_bounds();
  u64 size = bounds.high - bounds.low;
  return bounds.low + std::min(headroom, size / 2);
}

/// Links an activation while it lives; a forced unwind (thread cancellation) passes through its destructor.
class Entered {
public:
  explicit Entered(abi::StoreContext &context)
      : activation_{0, static_cast<Activation *>(context.activation), context.exit_fp}, context_(context),
        outer_(std::exchange(this_thread().current, &context)) {
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

void place_arguments(const CallPlan &plan, std::span<const ValueCell> args, Registers &registers,
                     abi::StoreContext &context) {
  for (usize i = 0; i < args.size(); ++i) {
    abi::Location at = plan.params[i].where;
    if (!at.in_register)
      context.overflow[at.index] = args[i];
    else if (at.cls == abi::RegClass::Int)
      registers.ints[at.index] = get<u64>(args[i]);
    else
      registers.floats[at.index] = args[i];
  }
}

void fetch_results(const CallPlan &plan, std::span<ValueCell> results, const Registers &registers,
                   const abi::StoreContext &context) {
  for (usize i = 0; i < results.size(); ++i) {
    CallPlan::Slot slot = plan.results[i];
    const void *from = !slot.where.in_register ? static_cast<const void *>(&context.overflow[slot.where.index])
                       : slot.where.cls == abi::RegClass::Int
                           ? static_cast<const void *>(&registers.int_results[slot.where.index])
                           : &registers.float_results[slot.where.index];
    results[i] = {};
    std::memcpy(results[i].bytes, from, slot.size);
  }
}

} // namespace

void Store::begin_call() {
  ThreadState &thread = this_thread();
  if (thread.stack_limit == 0) {
    bool has_signal_stack = os::ensure_signal_stack();
    ASSERT(has_signal_stack);
    thread.stack_limit = stack_limit_of_thread();
  }
  if (context().activation != nullptr)
    return;
  u64 here = reinterpret_cast<u64>(__builtin_frame_address(0));
  os::StackBounds bounds = os::stack_bounds();
  bool is_own_stack = bounds.low <= here && here < bounds.high;
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

Outcome Store::call(Func func, std::span<const ValueCell> args, std::span<ValueCell> results) {
  const CallPlan &plan = func.type_entry().plan;
  ASSERT(args.size() == plan.params.size() && results.size() == plan.results.size());
  begin_call();
  Registers registers;
  bool has_returned;
  {
    Entered entered(context());
    place_arguments(plan, args, registers, context());
    has_returned = trapeze_enter(&registers, func.ref()->code, func.ref()->context, entered.activation()) == 0;
  }
  if (has_returned) {
    fetch_results(plan, results, registers, context());
    return {};
  }
  Departure left = std::exchange(departure_, {});
  if (left.kind == OutcomeKind::Exception)
    if (std::exception_ptr foreign = foreign_exception(left.exception))
      std::rethrow_exception(std::move(foreign));
  return {left.kind, std::move(left.trap), Ref(*this, left.exception), std::move(left.backtrace), left.exit_status};
}

} // namespace trapeze::runtime
