// Validation. Spec: Validation (Wasm 3.0), Appendix: Validation Algorithm.
//
// `module` checks everything but function bodies; `body` walks one body, checks it and hands each operator
// to the sink as it goes: after it returns, the code is trusted. Errors carry the offset of the operator
// at fault; for a type mismatch that is the operator which produced the value.
#pragma once

#include "base/result.hh"
#include "validate/operator.hh"
#include "wasm/features.hh"
#include "wasm/module.hh"

#include <memory>
#include <type_traits>

namespace trapeze::validate {

Result<void> module(const wasm::Module &m, const wasm::Features &features);

/// Declared locals of the body, parameters first.
struct Locals {
  std::vector<wasm::ValType> types;
};

/// A sink as a plain pair of functions: bodies are checked by one compiled walker, not one per sink.
class OperatorSink {
public:
  template <typename Sink>
  OperatorSink(Sink &sink)
    requires(!std::is_same_v<Sink, OperatorSink>)
      : sink_(&sink), op_([](void *s, const Operator &o) { static_cast<Sink *>(s)->op(o); }),
        locals_([](void *s, const Locals &l) { static_cast<Sink *>(s)->locals(l); }) {}
  void op(const Operator &o) { op_(sink_, o); }
  void locals(const Locals &l) { locals_(sink_, l); } ///< once, before the first operator

private:
  void *sink_;
  void (*op_)(void *, const Operator &);
  void (*locals_)(void *, const Locals &);
};

struct NoSink {
  void op(const Operator &) {}
  void locals(const Locals &) {}
};

class Walker;

/// Walks bodies of one module, of any functions one after the other; keeps its stacks from one to the next.
/// Module and features outlive it.
class BodyValidator {
public:
  BodyValidator(const wasm::Module &m, const wasm::Features &features);
  ~BodyValidator();
  BodyValidator(BodyValidator &&) noexcept;
  Result<void> body(u32 func, OperatorSink sink);

private:
  std::unique_ptr<Walker> walker_;
};

/// One body, with stacks of its own.
Result<void> body(const wasm::Module &m, const wasm::Features &features, u32 func, OperatorSink sink);

/// Both, over all bodies.
Result<void> everything(const wasm::Module &m, const wasm::Features &features);

} // namespace trapeze::validate
