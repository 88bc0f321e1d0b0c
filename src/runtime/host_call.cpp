// Wasm calls the host. The stub has spilled the argument registers; here they become cells, the callback runs, and how
// it ends becomes results or a pending departure. (Typed host functions have an entry of their own, which makes no
// cells: api/typed.cpp.) C++ exceptions stop here and become foreign exception objects, but
// for forced unwinds, and but for engines that throw on the system's unwinder: there they go on through the stub, and
// stage 2 takes them over where Wasm catches. EXCEPTIONS.md, Borders.
#include "base/assert.hh"
#include "runtime/code.hh"
#include "runtime/host_function.hh"
#include "runtime/instance.hh"
#include "runtime/root_scope.hh"
#include "runtime/store.hh"
#include "runtime/stubs.hh"
#include "unwind/walk.hh"

#include <cxxabi.h>

#include <algorithm>
#include <vector>

namespace trapeze::runtime {

namespace {

void fetch_arguments(const CallPlan &plan, Registers &registers, abi::StoreContext &context, std::span<ValueCell> args,
                     RootScope &roots) {
  for (usize i = 0; i < args.size(); ++i) {
    CallPlan::Slot slot = plan.params[i];
    args[i] = cell_at(value_at(registers, context, slot.place), slot.size);
    if (slot.is_ref)
      roots.add(get<RawRef>(args[i]));
  }
}

void place_results(const CallPlan &plan, std::span<const ValueCell> results, Registers &registers,
                   abi::StoreContext &context) {
  for (usize i = 0; i < results.size(); ++i)
    copy_value(value_at(registers, context, plan.results[i].place), results[i].bytes, plan.results[i].size);
}

} // namespace

HostResult HostResult::trap(std::string message) {
  return trap(std::make_unique<Trap>(Trap{abi::TrapCode::HostError, std::move(message), {}}));
}

HostResult HostResult::trap(abi::TrapCode code) {
  return trap(std::make_unique<Trap>(Trap{code, abi::message(code), {}}));
}

HostResult HostResult::trap(std::unique_ptr<Trap> trap) {
  HostResult result;
  result.kind = Kind::Trap;
  result.trap_value = std::move(trap);
  return result;
}

HostResult HostResult::thrown(Ref exception) {
  HostResult result;
  result.kind = Kind::Throw;
  result.exception = std::move(exception);
  return result;
}

HostResult HostResult::exit(i32 status) {
  HostResult result;
  result.kind = Kind::Exit;
  result.exit_status = status;
  return result;
}

HostResult HostResult::of(Outcome outcome) {
  switch (outcome.kind) {
  case OutcomeKind::Ok:
    break;
  case OutcomeKind::Trap:
    return trap(std::move(outcome.trap));
  case OutcomeKind::Exception:
    return thrown(std::move(outcome.exception));
  case OutcomeKind::Exit:
    return exit(outcome.exit_status);
  }
  return returned();
}

void Store::poll_slowly() {
  safepoint();
  release_foreign();
}

/// Wasm calls a host function only as one of another instance, so the caller has its instance slot; so has
/// cross_instance_tail's frame.
Instance *Store::calling_instance() {
  u64 caller_fp = unwind::caller_of(context().exit_fp).fp;
  if (caller_fp == activation()->entry_fp)
    return nullptr;
  return Instance::of(reinterpret_cast<const abi::InstanceContext *>(unwind::load_word(caller_fp - 8)));
}

void Store::raise(HostResult &result) {
  switch (result.kind) {
  case HostResult::Kind::Return:
    return;
  case HostResult::Kind::Trap:
    return raise_trap(std::move(result.trap_value));
  case HostResult::Kind::Throw:
    if (result.exception.is_null())
      return raise_trap(abi::TrapCode::NullExceptionReference);
    return raise_exception(result.exception.raw());
  case HostResult::Kind::Exit:
    return raise_exit(result.exit_status);
  }
}

void Store::raise_foreign(std::exception_ptr exception) {
  RawRef ref = allocate_foreign(std::move(exception));
  if (ref == 0)
    return raise_trap(abi::TrapCode::AllocationFailed);
  raise_exception(ref);
}

/// What runs between the stub and the callback; C++ exceptions of the callback go through it. The cells need not be
/// initialised.
static void call_with(HostFunction &function, Store &store, Registers &registers, std::span<ValueCell> args,
                      std::span<ValueCell> results) {
  abi::StoreContext &words = store.context();
  const CallPlan &plan = function.type->plan;
  std::fill(results.begin(), results.end(), ValueCell{});
  RootScope roots(store.temporary_roots());
  fetch_arguments(plan, registers, words, args, roots);
  store.poll();
  u64 exit_fp = words.exit_fp;
  Caller caller(store, store.calling_instance());
  HostResult result = static_cast<HostCode &>(*function.body).call(caller, args, results);
  if (result.kind == HostResult::Kind::Return)
    place_results(plan, results, registers, words);
  else
    store.raise(result);
  ASSERT(words.exit_fp == exit_fp);
}

static void host_call(HostFunction &function, Store &store, Registers &registers) {
  constexpr usize few = 16;
  usize params = function.type->plan.params.size(), results = function.type->plan.results.size();
  if (params + results <= few) {
    ValueCell cells[few];
    call_with(function, store, registers, {cells, params}, {cells + params, results});
  } else {
    std::vector<ValueCell> cells(params + results);
    call_with(function, store, registers, {cells.data(), params}, {cells.data() + params, results});
  }
}

// libstdc++ binds the forced unwind's handler to no object.
[[gnu::no_sanitize("null")]] void trapeze_host_call(abi::InstanceContext *context, Registers *registers) {
  HostFunction &function = HostFunction::of(context);
  Store &store = Store::of(context->store);
  if (store.engine().throws_on_system())
    return host_call(function, store, *registers);
  try {
    host_call(function, store, *registers);
  } catch (__cxxabiv1::__forced_unwind &) {
    throw;
  } catch (...) {
    store.raise_foreign(std::current_exception());
  }
}

} // namespace trapeze::runtime
