// What stands behind the handles of trapeze/native.h.
#pragma once

#include "native/layout.hh"
#include "trapeze/native.h"
#include "trapeze/trapeze.hh"

#include <string>
#include <unordered_map>

struct trapeze_native_instance {
  struct Export {
    trapeze::Extern what;
    trapeze::Func func = {};        ///< it, if it is a function without references: cells can carry everything
    trapeze::native::Layout layout; ///< of such a function
  };

  trapeze_native_store *store;
  trapeze::Instance instance;
  std::vector<Export> exports;
  std::unordered_map<std::string, std::uint32_t> numbers; ///< of exports, by name
};

struct trapeze_native_store {
  trapeze::Store store;
  trapeze::Linker linker;
  std::unordered_map<void *, std::unique_ptr<trapeze_native_instance>> instances; ///< by the engine's own object

  explicit trapeze_native_store(const trapeze::Engine &engine) : store(engine), linker(store) {}
  /// The handle of an instance of the store, made where there is none yet.
  trapeze_native_instance *handle(const trapeze::Instance &instance);
};

struct trapeze_native_caller {
  trapeze::Caller &caller;
  trapeze_native_store *store;
};

struct trapeze_native_failure {
  trapeze_native_status status = TRAPEZE_NATIVE_FOREIGN;
  std::int32_t code = 0;
  std::string message, backtrace;
  std::exception_ptr object;
};

namespace trapeze::native {

[[noreturn]] void wrong_use(std::string message);
/// The export of that number; Error (Usage) if there is none.
const trapeze_native_instance::Export &export_at(const trapeze_native_instance *instance, std::uint32_t index);
/// The same, of that kind.
Extern export_at(const trapeze_native_instance *instance, std::uint32_t index, ExternKind kind);

Val value_of(const trapeze_native_cell &cell, ValType type); ///< Error (Usage) for references
trapeze_native_cell cell_of(const Val &value);               ///< zero for references

} // namespace trapeze::native
