// A global's identity and type; its value stays in a cell that compiled code addresses directly: in the
// context of the instance that defines it, or here when the host made it. Spec: Execution, Global Instances.
#pragma once

#include "runtime/value.hh"

namespace trapeze::runtime {

class Store;

class Global {
public:
  /// `type` is an engine type. `cell` null: the value lives in this object.
  Global(Store &store, wasm::GlobalType type, ValueCell *cell)
      : store_(store), type_(type), cell_(cell ? cell : &own_) {}
  Global(const Global &) = delete;
  Global &operator=(const Global &) = delete;

  Store &store() const { return store_; }
  const wasm::GlobalType &type() const { return type_; }
  Value get() const { return {type_.type, *cell_}; }
  /// The caller has checked type and mutability.
  void set(const ValueCell &cell) { *cell_ = cell; }
  ValueCell *cell() { return cell_; }

private:
  Store &store_;
  wasm::GlobalType type_;
  ValueCell own_{};
  ValueCell *cell_;
};

} // namespace trapeze::runtime
