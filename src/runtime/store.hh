// A store: everything that instances share and that lives and dies together (spec: Execution, Store). It belongs
// to one thread at a time; only InterruptHandle may be used from others. Functions, memories, tables, globals,
// tags and instances die with it; exception objects and externref boxes are collected.
#pragma once

#include "runtime/engine.hh"
#include "runtime/extern.hh"
#include "runtime/handles.hh"
#include "runtime/heap.hh"
#include "runtime/host_func.hh"
#include "runtime/trap.hh"

#include <atomic>
#include <deque>
#include <exception>
#include <memory>
#include <span>
#include <unordered_set>
#include <vector>

namespace trapeze::runtime {

/// The words that compiled code reads, and what other threads may touch. Outlives the store for interrupt handles.
struct StoreWords {
  abi::StoreContext context{};
  std::atomic<bool> interrupt_requested{false};
};

/// Stops the store's running call with the trap Interrupted, or the next one if none is running. Any thread.
class InterruptHandle {
public:
  InterruptHandle() = default;
  explicit InterruptHandle(std::shared_ptr<StoreWords> words) : words_(std::move(words)) {}
  void interrupt() const;
  /// Takes back a request that no call has seen yet.
  void clear() const;

private:
  std::shared_ptr<StoreWords> words_;
};

/// What a store holds right now.
struct StoreStats {
  u64 heap_bytes = 0; ///< live or not yet collected objects
  u64 heap_objects = 0;
  u64 collections = 0;
  u64 throws = 0; ///< exceptions that reached find_handler
  u64 instances = 0;
  u64 memory_bytes = 0; ///< sum of the memories' sizes
};

class Instance;
class HostFunction;
struct Activation;

class Store {
public:
  static Result<std::unique_ptr<Store>> create(std::shared_ptr<Engine> engine);
  ~Store();
  Store(const Store &) = delete;
  Store &operator=(const Store &) = delete;

  Engine &engine() const { return *engine_; }
  TypeRegistry &types() const { return engine_->types(); }
  abi::StoreContext &context() { return words_->context; }
  Heap &heap() { return *heap_; }
  static Store &of(abi::StoreContext *context) { return *static_cast<Store *>(context->store); }

  // --- objects made by the host; types are engine types
  Func make_func(const wasm::FuncType &type, std::unique_ptr<HostCode> code, std::string name = {});
  Result<Memory *> make_memory(const wasm::MemoryType &type);
  Result<Table *> make_table(const wasm::TableType &type, RawRef init);
  Global *make_global(const wasm::GlobalType &type, const ValueCell &value);
  Tag *make_tag(const wasm::FuncType &type);

  // --- calls
  /// args and results have the type's lengths. Types of values are the caller's responsibility (the API checks).
  /// A foreign C++ exception that no clause caught is thrown again from here.
  Outcome call(Func func, std::span<const ValueCell> args, std::span<ValueCell> results);

  // --- references
  /// An externref that carries a number of the host's. Null Ref: out of memory.
  Ref make_extern(u64 host_value);
  u64 extern_value(RawRef ref) const; ///< of a non-null externref
  Func func_of(RawRef ref) const {
    return ref == 0 ? Func() : Func(reinterpret_cast<abi::FuncRef *>(heap_->address(ref)));
  }

  // --- exceptions
  Ref make_exception(Tag *tag, std::span<const ValueCell> fields);
  Tag *exception_tag(RawRef exception) const; ///< null: a foreign exception
  std::span<const ValueCell> exception_fields(RawRef exception) const;
  std::exception_ptr foreign_exception(RawRef exception) const; ///< null unless foreign

  // --- service
  InterruptHandle interrupt_handle() const { return InterruptHandle(words_); }
  /// A full collection now. Only references in handles, Wasm frames and Wasm objects survive.
  void collect();
  StoreStats stats() const;
  Backtrace symbolise(const RawBacktrace &raw) const;

  // --- the runtime's own: builtins, host calls, instantiation
  /// From a builtin or host call: what the stub finds in `pending` when C++ has returned to it.
  void raise_trap(abi::TrapCode code);
  void raise_trap(std::unique_ptr<Trap> trap);
  void raise_exit(i32 status);
  /// The object's tag and fields become those in flight.
  void raise_exception(RawRef exception);
  /// At a safepoint: collects if enough was allocated, or always under stress.
  void safepoint();
  Tag *add_tag(const TypeEntry *type);
  Global *add_global(const wasm::GlobalType &type, ValueCell *cell);
  Result<Memory *> add_memory(const wasm::MemoryType &type) { return make_memory(type); }
  void add_instance(std::unique_ptr<Instance> instance);
  /// A new funcref, or 0 when the heap is full.
  RawRef add_func_ref(const TypeEntry *type, const void *code, abi::InstanceContext *context);
  RawRef allocate_exception(Tag *tag, std::span<const ValueCell> fields);
  RawRef allocate_foreign(std::exception_ptr exception);
  Activation *activation() { return static_cast<Activation *>(context().activation); }
  /// Raw references that a C++ function of the runtime holds across a safepoint.
  std::vector<RawRef> &temporary_roots() { return temporary_roots_; }
  void release_foreign();

private:
  friend struct StoreAccess; ///< stub entry points of runtime/unwinding.cpp and runtime/traps.cpp
  explicit Store(std::shared_ptr<Engine> engine);
  template <typename Visit> void visit_roots(Visit &&visit);
  void prepare_thread();

  std::shared_ptr<Engine> engine_;
  std::shared_ptr<StoreWords> words_;
  std::shared_ptr<HandleTable> handles_;
  std::unique_ptr<Heap> heap_;
  std::vector<std::unique_ptr<Instance>> instances_;
  std::vector<std::unique_ptr<HostFunction>> host_functions_;
  std::vector<std::unique_ptr<Memory>> memories_;
  std::vector<std::unique_ptr<Table>> tables_;
  std::deque<Global> globals_;
  std::deque<Tag> tags_;
  std::vector<RawRef> temporary_roots_;
  std::vector<std::exception_ptr> foreign_; ///< by the index in the object
  std::vector<u32> foreign_free_;
  std::vector<std::exception_ptr> foreign_dead_; ///< to be released where user code may run
  bool payload_is_live_ = false;                 ///< the payload area holds roots (MakeExnref, uncaught)
  u64 throws_ = 0;

  std::unique_ptr<Trap> pending_trap_;
  abi::TrapCode pending_code_{};
  i32 exit_status_ = 0;
  RawRef uncaught_ = 0; ///< the exception an activation was left with, until its Outcome holds it
  RawBacktrace uncaught_backtrace_;

  friend class HandleScope;
  friend class Ref;
  friend class Table;
};

} // namespace trapeze::runtime
