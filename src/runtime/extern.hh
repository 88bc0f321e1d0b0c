// External values: what is imported and exported. Func is a small value; the other four are objects owned
// by the store, at fixed addresses for its whole life. Spec: Execution, Runtime Structure, External Values.
#pragma once

#include "runtime/type_registry.hh"
#include "runtime/value.hh"

#include <variant>

namespace trapeze::runtime {

class Store;
class Instance;
class Memory;
class Table;
class Global;
class Tag;

/// A function of a store: what a funcref points at. Never dies before the store.
class Func {
public:
  Func() = default;
  explicit Func(abi::FuncRef *ref) : ref_(ref) {}
  explicit operator bool() const { return ref_ != nullptr; }
  bool operator==(const Func &) const = default;

  const TypeEntry &type_entry() const { return *reinterpret_cast<const TypeEntry *>(ref_->reserved); }
  const wasm::FuncType &type() const { return type_entry().type.func; }
  abi::FuncRef *ref() const { return ref_; }
  Store &store() const;
  /// The funcref value; it is permanent and needs no root.
  RawRef raw() const;
  bool is_host() const;

private:
  abi::FuncRef *ref_ = nullptr;
};

/// monostate: nothing (an import that nobody provides).
using Extern = std::variant<std::monostate, Func, Table *, Memory *, Global *, Tag *>;

wasm::ExternKind kind_of(const Extern &e); ///< not for monostate

} // namespace trapeze::runtime
