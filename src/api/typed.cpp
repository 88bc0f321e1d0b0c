// Typed calls, both ways. What depends on the type only is settled when the function is made (or by Func::typed): the
// caller's code writes each value straight to its place in the call area (runtime/stubs.hh), from where the entry stub
// loads registers, and a host function reads its arguments where the stub spilled them. A call pays for what every call
// needs: an activation or a poll, and the stub.
//
// A host function's entry is one of four. Plain ones have no reference among their parameters and everything in
// registers: nothing to root, no overflow cells to save from what runs before they are read. On the system's unwinder,
// C++ exceptions go on through the stub's frame (runtime/host_call.cpp).
#include "api/convert.hh"
#include "api/host_func.hh"
#include "runtime/enter.hh"
#include "runtime/root_scope.hh"

#include <cxxabi.h>

namespace trapeze::api {

using runtime::Registers;
using runtime::ValueCell;

static_assert(v1::detail::CallArea<6, 2>::registers == sizeof(Registers) && sizeof(Registers) % sizeof(ValueCell) == 0);
static_assert(sizeof(v1::detail::CallArea<6, 2>) == sizeof(Registers));
static_assert(abi::x64_convention.int_params >= v1::detail::CallArea<0, 0>::param_registers &&
              abi::x64_convention.float_params >= v1::detail::CallArea<0, 0>::param_registers &&
              abi::x64_convention.int_results >= v1::detail::CallArea<0, 0>::result_registers &&
              abi::x64_convention.float_results >= v1::detail::CallArea<0, 0>::result_registers);

void tell_places(const runtime::CallPlan &plan, v1::detail::Place *places) {
  for (const auto *slots : {&plan.params, &plan.results})
    for (runtime::CallPlan::Slot slot : *slots)
      *places++ = slot.place;
}

namespace {

struct TypedBody final : runtime::HostBody {
  std::unique_ptr<v1::detail::HostCode> code;
  explicit TypedBody(std::unique_ptr<v1::detail::HostCode> c) : code(std::move(c)) {}
};

/// References are rooted first, as they would be by a callee of Wasm's; overflow cells are copied before anybody else's
/// code runs, which may call Wasm.
void call_with_care(runtime::HostFunction &function, runtime::Store &store, Registers &registers,
                    v1::detail::HostCode &code) {
  const runtime::CallPlan &plan = function.type->plan;
  ValueCell *overflow = store.context().overflow;
  runtime::RootScope roots(store.temporary_roots());
  for (runtime::CallPlan::Slot slot : plan.params)
    if (slot.is_ref)
      roots.add(*reinterpret_cast<const runtime::RawRef *>(value_at(registers, store.context(), slot.place)));
  if (!plan.has_overflow) {
    store.poll();
    return code.call(reinterpret_cast<unsigned char *>(&registers));
  }
  constexpr usize before = sizeof(Registers) / sizeof(ValueCell);
  std::vector<ValueCell> area(before + std::max(plan.overflow_params, plan.overflow_results));
  std::memcpy(area.data(), &registers, sizeof registers);
  std::copy_n(overflow, plan.overflow_params, area.data() + before);
  store.poll();
  code.call(area.data()->bytes);
  std::memcpy(&registers, area.data(), sizeof registers);
  std::copy_n(area.data() + before, plan.overflow_results, overflow);
}

template <bool is_plain> void call_typed(runtime::HostFunction &function, Registers &registers) {
  v1::detail::HostCode &code = *static_cast<TypedBody &>(*function.body).code;
  runtime::Store &store = runtime::Store::of(function.context.store);
  auto ending = ending_of(*code.store, [&] {
    if constexpr (is_plain) {
      store.poll();
      code.call(reinterpret_cast<unsigned char *>(&registers));
    } else {
      call_with_care(function, store, registers, code);
    }
  });
  if (ending) [[unlikely]]
    store.raise(*ending);
}

// libstdc++ binds the forced unwind's handler to no object.
template <bool on_system, bool is_plain>
[[gnu::no_sanitize("null")]] void typed_entry(abi::InstanceContext *context, Registers *registers) {
  runtime::HostFunction &function = runtime::HostFunction::of(context);
  if constexpr (on_system)
    return call_typed<is_plain>(function, *registers);
  try {
    call_typed<is_plain>(function, *registers);
  } catch (__cxxabiv1::__forced_unwind &) {
    throw;
  } catch (...) {
    runtime::Store::of(context->store).raise_foreign(std::current_exception());
  }
}

runtime::HostEntry entry_for(const runtime::CallPlan &plan, bool on_system) {
  bool is_plain = !plan.has_ref_params && !plan.has_overflow;
  if (on_system)
    return is_plain ? typed_entry<true, true> : typed_entry<true, false>;
  return is_plain ? typed_entry<false, true> : typed_entry<false, false>;
}

} // namespace

} // namespace trapeze::api

namespace trapeze::v1::detail {

void *make_host_func(StoreImpl &store, FuncType type, std::unique_ptr<HostCode> code, Place *places) {
  runtime::Store &raw = *store.store;
  const runtime::TypeEntry *entry = raw.types().add(api::to_wasm(type));
  code->store = &store;
  api::tell_places(entry->plan, places);
  runtime::Func f = raw.make_func(entry, api::entry_for(entry->plan, raw.engine().throws_on_system()),
                                  std::make_unique<api::TypedBody>(std::move(code)));
  if (!f)
    throw Error(ErrorKind::Resource, "no memory for a function");
  return f.ref();
}

[[gnu::cold, gnu::noinline, noreturn]] static void raise_departed(StoreImpl &store) {
  api::raise(store, store.store->departed());
}

void call_area(const Func &func, void *area) {
  if (!func.store_impl()->store->enter(api::raw(func), *static_cast<runtime::Registers *>(area))) [[unlikely]]
    raise_departed(*func.store_impl());
}

void *calling_instance(StoreImpl &store) { return store.store->calling_instance(); }

void raise_exception(StoreImpl &store, const ExnRef &exception) {
  runtime::HostResult result = api::thrown(exception, store);
  store.store->raise(result);
}

} // namespace trapeze::v1::detail
