// Host functions: what a callback gets, and the four ways it may end. A C++ exception that leaves a callback
// (anything but abi::__forced_unwind) crosses Wasm as a foreign exception: only catch_all clauses see it, and
// if none does, the outermost call into Wasm rethrows the same object. EXCEPTIONS.md, Borders.
#pragma once

#include "runtime/extern.hh"
#include "runtime/trap.hh"

#include <memory>
#include <span>
#include <utility>

namespace trapeze::runtime {

/// How a callback ends. Whatever is not Return unwinds Wasm; only Throw can be caught there.
class HostResult {
public:
  enum class Kind : u8 { Return, Trap, Throw, Exit };

  static HostResult returned() { return {}; }
  /// A trap of the host's, reported as HostError with this message.
  static HostResult trap(std::string message);
  static HostResult trap(abi::TrapCode code);
  /// Hands on a trap that a nested call ended with, backtrace included.
  static HostResult trap(std::unique_ptr<Trap> trap);
  /// Throws an exception object (Store::make_exception, or Outcome::exception).
  static HostResult thrown(Ref exception);
  static HostResult exit(i32 status);
  /// Hands on how a nested call ended.
  static HostResult of(Outcome outcome);

  Kind kind = Kind::Return;
  std::unique_ptr<Trap> trap_value;
  Ref exception;
  i32 exit_status = 0;
};

/// What a callback can ask about its caller.
class Caller {
public:
  Caller(Store &store, Instance *instance) : store_(store), instance_(instance) {}
  Store &store() const { return store_; }
  /// The instance whose code calls; null when the host calls the function itself.
  Instance *instance() const { return instance_; }

private:
  Store &store_;
  Instance *instance_;
};

/// What a host function owns and its entry runs (runtime/host_function.hh).
struct HostBody {
  virtual ~HostBody() = default;
};

/// The body of a host function on cells. Arguments and results are raw cells in order of the type; references among the
/// arguments are rooted until the callback returns, results are zeroed before it starts.
class HostCode : public HostBody {
public:
  virtual HostResult call(Caller &caller, std::span<const ValueCell> args, std::span<ValueCell> results) = 0;
};

/// From anything callable as HostResult(Caller &, span<const ValueCell>, span<ValueCell>).
template <typename F> std::unique_ptr<HostCode> make_host_code(F function) {
  struct Holder final : HostCode {
    F function;
    explicit Holder(F f) : function(std::move(f)) {}
    HostResult call(Caller &caller, std::span<const ValueCell> args, std::span<ValueCell> results) override {
      return function(caller, args, results);
    }
  };
  return std::make_unique<Holder>(std::move(function));
}

} // namespace trapeze::runtime
