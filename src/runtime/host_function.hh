// A host function as compiled code sees it: a context of its own whose first words are those of an instance, so that
// stubs find the store through r13 in the same way; the code address is always the host-call stub.
#pragma once

#include "runtime/host_func.hh"
#include "runtime/type_registry.hh"

#include <memory>
#include <string>

namespace trapeze::runtime {

class HostFunction {
public:
  HostFunction(abi::InstanceContext context, const TypeEntry *type, std::unique_ptr<HostCode> code, std::string name)
      : context(context), type(type), code(std::move(code)), name(std::move(name)) {
    this->context.instance = this;
  }
  static HostFunction &of(const abi::InstanceContext *context) {
    return *static_cast<HostFunction *>(context->instance);
  }

  abi::InstanceContext context;
  const TypeEntry *type;
  std::unique_ptr<HostCode> code;
  std::string name;
};

} // namespace trapeze::runtime
