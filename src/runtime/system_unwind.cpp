// An exception in flight is carried by the store's own unwind object: nothing is allocated for a throw, and the payload
// stays where the throw left it, as no Wasm runs before stage 2. What Wasm does not catch is met by the border's
// personality in the search phase, while the frames still stand; there it becomes an object and gets its backtrace.
#include "runtime/system_unwind.hh"

#include "runtime/store.hh"
#include "runtime/stubs.hh"
#include "unwind/personality.hh"

#include <cxxabi.h>

#include <exception>
#include <stdexcept>

namespace trapeze::runtime {

namespace {

using unwind::UnwindException;

/// "GNUCC++" and "CLNGC++", whatever the last byte: the C++ runtimes take over each other's.
bool is_cpp(_Unwind_Exception_Class exception_class) {
  constexpr u64 gnu = 0x474e5543432b2b, clang = 0x434c4e47432b2b;
  return exception_class >> 8 == gnu || exception_class >> 8 == clang;
}

/// The unwinder's object becomes one of ours before any other code runs; std::uncaught_exceptions() goes down.
std::exception_ptr take_over(_Unwind_Exception *object) {
  if (!is_cpp(object->exception_class)) {
    _Unwind_DeleteException(object);
    return std::make_exception_ptr(std::runtime_error("an exception of an unknown language"));
  }
  __cxxabiv1::__cxa_begin_catch(object);
  std::exception_ptr held = std::current_exception();
  __cxxabiv1::__cxa_end_catch();
  return held;
}

void depart(UnwindException &exception) { Store::of(exception.store).depart_with_exception(exception.store->exit_fp); }

} // namespace

void prepare_system_unwinder() { unwind::set_border({depart, trapeze_border_pad}); }

unwind::UnwindEnd raise_on_system(Store &store) {
  UnwindException &exception = store.unwind_exception();
  exception = {};
  exception.header.exception_class = unwind::exception_class;
  exception.tag = store.context().current_tag;
  exception.store = &store.context();
  return unwind::diagnose(_Unwind_RaiseException(&exception.header));
}

extern "C" u32 trapeze_builtin_BeginCatch(abi::InstanceContext *instance, u64 object_address, u32 selector);

u32 trapeze_builtin_BeginCatch(abi::InstanceContext *instance, u64 object_address, u32 selector) {
  Store &store = Store::of(instance->store);
  store.count_begin_catch();
  auto *object = reinterpret_cast<_Unwind_Exception *>(object_address);
  if (!unwind::is_wasm(object)) {
    store.count_throw();
    RawRef ref = store.allocate_foreign(take_over(object));
    if (ref == 0)
      store.raise_trap(abi::TrapCode::AllocationFailed);
    else
      store.put_in_flight(ref);
  }
  return selector - 1;
}

} // namespace trapeze::runtime
