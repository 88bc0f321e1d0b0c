// How Wasm is left or landed in when a call does not return normally: what the stubs ask. EXCEPTIONS.md, The throw.
//
// Every function here returns to its stub with a Landing: a pad in a frame of this activation, or the entry frame.
#include "runtime/exception_log.hh"
#include "runtime/heap.hh"
#include "runtime/instance.hh"
#include "runtime/store.hh"
#include "runtime/stub_offsets.hh"
#include "runtime/stubs.hh"
#include "runtime/system_unwind.hh"
#include "runtime/traps.hh"
#include "unwind/find_handler.hh"
#include "unwind/walk.hh"

#include <utility>

namespace trapeze::runtime {

namespace {

using unwind::Landing;

void abandon(Store &store, Landing &landing) {
  u64 entry_fp = store.activation()->entry_fp;
  landing = {reinterpret_cast<u64>(&trapeze_abandon), entry_fp, entry_fp - ENTRY_FRAME_SIZE};
}

void abandon_with_trap(Store &store, abi::TrapCode code, u64 pc, u64 fp, Landing &landing) {
  store.depart_with_trap(std::make_unique<Trap>(Trap{code, abi::message(code), {}}), pc, fp);
  abandon(store, landing);
}

/// Searches from the caller of `callee_fp` on; the exception was thrown by the stub `stub_fp`.
void land_in_handler(Store &store, u64 stub_fp, u64 callee_fp, Landing &landing) {
  if (unwind::find_handler(callee_fp, store.activation()->entry_fp, store.context().current_tag, landing))
    return;
  store.depart_with_exception(stub_fp);
  abandon(store, landing);
}

/// With tag and payload in flight.
void unwind_to_handler(abi::StoreContext *context, u64 stub_fp, Landing &landing) {
  Store &store = Store::of(context);
  store.count_throw();
  if (logs_exceptions) [[unlikely]]
    log_throw(store, stub_fp);
  if (store.engine().throws_on_system()) {
    unwind::UnwindEnd end = raise_on_system(store);
    store.depart_with_trap(std::make_unique<Trap>(Trap{abi::TrapCode::HostError, unwind::explain(end), {}}), 0,
                           stub_fp);
    return abandon(store, landing);
  }
  land_in_handler(store, stub_fp, stub_fp, landing);
}

} // namespace

extern "C" void trapeze_builtin_Throw(abi::InstanceContext *instance, u32 tag, Landing *landing);
extern "C" void trapeze_builtin_ThrowRef(abi::InstanceContext *instance, RawRef exception, Landing *landing);

void trapeze_builtin_Throw(abi::InstanceContext *instance, u32 tag, Landing *landing) {
  abi::StoreContext *context = instance->store;
  context->current_tag = Instance::of(instance)->tag(tag);
  context->current_exn = 0;
  unwind_to_handler(context, context->exit_fp, *landing);
}

void trapeze_builtin_ThrowRef(abi::InstanceContext *instance, RawRef exception, Landing *landing) {
  abi::StoreContext *context = instance->store;
  Store &store = Store::of(context);
  if (exception == 0)
    return abandon_with_trap(store, abi::TrapCode::NullExceptionReference, 0, context->exit_fp, *landing);
  store.put_in_flight(exception);
  unwind_to_handler(context, context->exit_fp, *landing);
}

void trapeze_search_on(abi::StoreContext *context, u64 callee_fp, Landing *landing) {
  Store &store = Store::of(context);
  land_in_handler(store, context->exit_fp, callee_fp, *landing);
}

void trapeze_dispatch_pending(abi::StoreContext *context, u64 stub_fp, Landing *landing) {
  Store &store = Store::of(context);
  auto kind = static_cast<PendingKind>(std::exchange(context->pending, u64{0}));
  if (kind == PendingKind::Exception)
    return unwind_to_handler(context, stub_fp, *landing);
  Departure &departure = store.departure();
  if (kind == PendingKind::Trap && departure.trap->backtrace.frames.empty())
    departure.trap->backtrace = store.symbolise(store.backtrace(0, stub_fp));
  abandon(store, *landing);
}

void trapeze_trap(abi::StoreContext *context, Landing *landing) {
  Store &store = Store::of(context);
  ThreadState &thread = this_thread();
  abi::TrapCode code = thread.fault_code;
  if (code == abi::TrapCode::Interrupted)
    store.take_interrupt();
  abandon_with_trap(store, code, thread.fault_pc, thread.fault_fp, *landing);
}

void Store::depart_with_trap(std::unique_ptr<Trap> trap, u64 pc, u64 fp) {
  departure_.kind = OutcomeKind::Trap;
  departure_.trap = std::move(trap);
  departure_.trap->backtrace = symbolise(backtrace(pc, fp));
}

void Store::depart_with_exception(u64 stub_fp) {
  RawRef exception = materialise();
  if (exception == 0) {
    constexpr abi::TrapCode code = abi::TrapCode::AllocationFailed;
    return depart_with_trap(std::make_unique<Trap>(Trap{code, abi::message(code), {}}), 0, stub_fp);
  }
  departure_.kind = OutcomeKind::Exception;
  departure_.exception = exception;
  departure_.backtrace = backtrace_of(exception, stub_fp);
}

void Store::raise_trap(std::unique_ptr<Trap> trap) {
  context().pending = static_cast<u64>(PendingKind::Trap);
  departure_.kind = OutcomeKind::Trap;
  departure_.trap = std::move(trap);
}

void Store::raise_trap(abi::TrapCode code) { raise_trap(std::make_unique<Trap>(Trap{code, abi::message(code), {}})); }

void Store::raise_exit(i32 status) {
  context().pending = static_cast<u64>(PendingKind::Exit);
  departure_.kind = OutcomeKind::Exit;
  departure_.exit_status = status;
}

void Store::raise_exception(RawRef exception) {
  put_in_flight(exception);
  context().pending = static_cast<u64>(PendingKind::Exception);
}

} // namespace trapeze::runtime
