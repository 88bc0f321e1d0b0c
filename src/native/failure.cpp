// trapeze_native_try: where C gets hold of what leaves a call.
//
// The object itself is kept (exception_ptr), so that it can be thrown on, and for an exception its tag and fields can
// be asked for; status and texts are made at once, while the store that they speak of lives. A thread that is being
// cancelled is no failure: its unwinding goes on.
#include "native/objects.hh"

#include <cstdlib>
#include <cxxabi.h>

using namespace trapeze;

namespace {

std::string current_type() {
  const std::type_info *type = abi::__cxa_current_exception_type();
  if (type == nullptr)
    return "an exception that is not of C++";
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(abi::__cxa_demangle(type->name(), nullptr, nullptr, &status),
                                                         &std::free);
  return name ? name.get() : type->name();
}

/// Status, code and texts of the exception that is being handled.
void describe_current(trapeze_native_failure &out) {
  auto is = [&](trapeze_native_status status, std::int32_t code, std::string message, std::string backtrace = {}) {
    out.status = status;
    out.code = code;
    out.message = std::move(message);
    out.backtrace = std::move(backtrace);
  };
  try {
    throw;
  } catch (const Exception &e) {
    is(TRAPEZE_NATIVE_EXCEPTION, 0, e.what(), to_string(e.frames()));
  } catch (const Trap &e) {
    is(TRAPEZE_NATIVE_TRAPPED, static_cast<std::int32_t>(e.code()), e.what(), to_string(e.frames()));
  } catch (const Exit &e) {
    is(TRAPEZE_NATIVE_EXITED, e.status(), "exit status " + std::to_string(e.status()));
  } catch (const Error &e) {
    is(TRAPEZE_NATIVE_ERROR, static_cast<std::int32_t>(e.kind()), e.what());
  } catch (const std::exception &e) {
    is(TRAPEZE_NATIVE_FOREIGN, 0, current_type() + ": " + e.what());
  } catch (...) {
    is(TRAPEZE_NATIVE_FOREIGN, 0, current_type());
  }
}

} // namespace

extern "C" {

trapeze_native_status trapeze_native_try(void (*body)(void *data), void *data, trapeze_native_failure **failure) {
  if (failure != nullptr)
    *failure = nullptr;
  try {
    body(data);
    return TRAPEZE_NATIVE_RETURNED;
  } catch (const abi::__forced_unwind &) {
    throw;
  } catch (...) {
    trapeze_native_failure caught;
    caught.object = std::current_exception();
    try {
      describe_current(caught);
      if (failure != nullptr)
        *failure = new trapeze_native_failure(std::move(caught));
    } catch (const std::bad_alloc &) { // the status is known, unless the texts before it took the memory
    }
    return caught.status;
  }
}

trapeze_native_status trapeze_native_failure_status(const trapeze_native_failure *failure) { return failure->status; }
const char *trapeze_native_failure_message(const trapeze_native_failure *failure) { return failure->message.c_str(); }
const char *trapeze_native_failure_backtrace(const trapeze_native_failure *failure) {
  return failure->backtrace.c_str();
}
std::int32_t trapeze_native_failure_code(const trapeze_native_failure *failure) { return failure->code; }

int trapeze_native_failure_is(const trapeze_native_failure *failure, const trapeze_native_instance *instance,
                              std::uint32_t tag, trapeze_native_cell *cells, std::size_t count) {
  const Tag wanted = native::export_at(instance, tag, ExternKind::Tag).tag();
  if (failure->status != TRAPEZE_NATIVE_EXCEPTION)
    return 0;
  try {
    std::rethrow_exception(failure->object);
  } catch (const Exception &e) {
    if (!(e.tag() == wanted))
      return 0;
    for (std::size_t i = 0; i < std::min(count, e.values().size()); ++i)
      if (!e.values()[i].type().is_ref())
        cells[i] = native::cell_of(e.values()[i]);
  }
  return 1;
}

void trapeze_native_failure_rethrow(trapeze_native_failure *failure) {
  const std::exception_ptr object = failure->object;
  delete failure;
  std::rethrow_exception(object);
}

void trapeze_native_failure_delete(trapeze_native_failure *failure) { delete failure; }

} // extern "C"
