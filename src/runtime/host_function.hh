// A host function as compiled code sees it: a context of its own whose first words are those of an instance, so that
// stubs find the store through r13 in the same way; the code address is always the host-call stub. It spills the
// argument registers and calls `entry`, which leaves results in their places, or a pending departure.
#pragma once

#include "runtime/host_func.hh"
#include "runtime/type_registry.hh"

#include <memory>
#include <string>

namespace trapeze::runtime {

struct Registers;

/// `registers` is the start of the call area (runtime/stubs.hh), its overflow cells are the store's.
using HostEntry = void (*)(abi::InstanceContext *function, Registers *registers);

class HostFunction {
public:
  HostFunction(abi::InstanceContext context, const TypeEntry *type, HostEntry entry, std::unique_ptr<HostBody> body,
               std::string name)
      : context(context), entry(entry), float_params(type->plan.float_params), float_results(type->plan.float_results),
        type(type), body(std::move(body)), name(std::move(name)) {
    this->context.instance = this;
  }
  static HostFunction &of(abi::InstanceContext *context) { return *reinterpret_cast<HostFunction *>(context); }

  abi::InstanceContext context; ///< first: `of`
  HostEntry entry;
  FloatUse float_params, float_results;
  const TypeEntry *type;
  std::unique_ptr<HostBody> body; ///< of the kind that `entry` runs
  std::string name;
};

} // namespace trapeze::runtime
