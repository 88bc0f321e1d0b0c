// A store: everything that instances share and that lives and dies together (spec: Execution, Store). It belongs
// to one thread at a time; only InterruptHandle may be used from others. Functions, memories, tables, globals,
// tags and instances die with it; exception objects and externref boxes are collected.
//
// Implementation: store.cpp (objects, references), call.cpp and enter.hh (entering Wasm), collect.cpp (roots),
// unwinding.cpp (how an activation is left), host_call.cpp, traps.cpp.
#pragma once

#include "runtime/engine.hh"
#include "runtime/extern.hh"
#include "runtime/handles.hh"
#include "runtime/heap.hh"
#include "runtime/host_func.hh"
#include "runtime/host_function.hh"
#include "runtime/trap.hh"
#include "unwind/personality.hh"

#include <atomic>
#include <deque>
#include <exception>
#include <memory>
#include <span>
#include <utility>
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

private:
  std::shared_ptr<StoreWords> words_;
};

/// What a store holds right now.
struct StoreStats {
  u64 heap_bytes = 0; ///< live or not yet collected objects
  u64 heap_objects = 0;
  u64 collections = 0;
  u64 throws = 0;        ///< exceptions that were searched a handler for
  u64 begin_catches = 0; ///< landings through the system's unwinder
  u64 instances = 0;
  u64 memory_bytes = 0; ///< sum of the memories' sizes
};

class Instance;
struct Activation;
struct ThreadState;

/// How the innermost activation is being left, from the decision (raise_*) until Store::call makes an Outcome of it.
struct Departure {
  OutcomeKind kind = OutcomeKind::Ok;
  std::unique_ptr<Trap> trap;
  RawRef exception = 0; ///< a root
  RawBacktrace backtrace;
  i32 exit_status = 0;
};

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
  const Heap &heap() const { return *heap_; }
  static Store &of(const abi::StoreContext *context) { return *static_cast<Store *>(context->store); }

  // --- objects made by the host; types are engine types
  Func make_func(const wasm::FuncType &type, std::unique_ptr<HostCode> code, std::string name = {});
  Func make_func(const TypeEntry *type, HostEntry entry, std::unique_ptr<HostBody> body, std::string name = {});
  Result<Memory *> make_memory(const wasm::MemoryType &type);
  Result<Table *> make_table(const wasm::TableType &type, RawRef init);
  Global *make_global(const wasm::GlobalType &type, const ValueCell &value);
  Tag *make_tag(const wasm::FuncType &type);

  // --- calls
  /// args and results have the type's lengths. Types of values are the caller's responsibility (the API checks).
  /// A foreign C++ exception that no clause caught is thrown again from here.
  Outcome call(Func func, std::span<const ValueCell> args, std::span<ValueCell> results);
  /// The same in two steps, the second of which is mostly not needed. False: it did not return, and departed() says how
  /// it ended, at once. `args` and `results` may be the same cells.
  bool enter(Func func, const ValueCell *args, ValueCell *results);
  /// The same with arguments and results in their places of a call area (runtime/stubs.hh).
  bool enter(Func func, Registers &area);
  Outcome departed();

  // --- references
  /// An externref that carries a number of the host's. Null: out of memory.
  Ref make_extern(u64 host_value);
  u64 extern_value(RawRef ref) const; ///< of a non-null externref
  /// Values with tracked_extern whose externref was collected since the last call.
  std::vector<u64> take_dead_externs() { return std::exchange(dead_externs_, {}); }
  Func func_of(RawRef ref) const { return ref == 0 ? Func() : Func(heap_->object<abi::FuncRef>(ref)); }

  // --- exceptions
  /// Null: out of memory.
  Ref make_exception(Tag *tag, std::span<const ValueCell> fields);
  Tag *exception_tag(RawRef exception) const; ///< null: a foreign exception
  std::span<const ValueCell> exception_fields(RawRef exception) const;
  std::exception_ptr foreign_exception(RawRef exception) const; ///< null unless foreign

  // --- service
  InterruptHandle interrupt_handle() const { return InterruptHandle(words_); }
  /// A full collection now. Only references in handles, Wasm frames and Wasm objects survive.
  void collect();
  /// What Wasm may use of a thread's stack, from the outermost call on; 0: all of it but the headroom.
  void set_stack_size(u64 bytes) { stack_size_ = bytes; }
  StoreStats stats() const;
  Backtrace symbolise(const RawBacktrace &raw) const;

  // --- the runtime's own: builtins, host calls, instantiation, stubs
  /// From a builtin or host call: what the stub finds in `pending` when C++ has returned to it.
  void raise_trap(abi::TrapCode code);
  void raise_trap(std::unique_ptr<Trap> trap);
  void raise_exit(i32 status);
  void raise_exception(RawRef exception);
  void raise_foreign(std::exception_ptr exception);
  void raise(HostResult &result);
  /// The object's tag and fields become those in flight.
  void put_in_flight(RawRef exception);
  /// Collects if enough was allocated, or always under stress.
  void safepoint();
  /// On the way to host code, with its arguments rooted: a safepoint, and release_foreign.
  void poll() {
    if (engine_->stress_collect() || heap_->wants_collection() || !foreign_dead_.empty()) [[unlikely]]
      poll_slowly();
  }
  /// The instance whose code called the host function that runs; null when the host did. Before it calls anything.
  Instance *calling_instance();
  Tag *add_tag(const TypeEntry *type);
  Global *add_global(const wasm::GlobalType &type, ValueCell *cell);
  Instance *add_instance(std::unique_ptr<Instance> instance);
  /// A new funcref, or 0 when the heap is full.
  RawRef add_func_ref(const TypeEntry *type, const void *code, abi::InstanceContext *context);
  /// 0: out of memory. May collect; references in `fields` are kept.
  RawRef allocate_exception(Tag *tag, std::span<const ValueCell> fields);
  /// Never collects: host calls are safepoints for it.
  RawRef allocate_foreign(std::exception_ptr exception);
  /// The exception in flight as an object (the one that is thrown again, if it is). 0: out of memory. May collect.
  RawRef materialise();
  Activation *activation() { return static_cast<Activation *>(context().activation); }
  Departure &departure() { return departure_; }
  /// The activation is going to be left, and this is how; the frames from `pc` and `fp` on still stand.
  void depart_with_trap(std::unique_ptr<Trap> trap, u64 pc, u64 fp);
  /// With the exception in flight, which becomes an object before any host code runs.
  void depart_with_exception(u64 stub_fp);
  /// The system's unwinder carries the exception in flight in this.
  unwind::UnwindException &unwind_exception() { return unwind_exception_; }
  void count_throw() { ++context().throws; }
  void count_begin_catch() { ++begin_catches_; }
  /// From `pc` (0: none) and `fp` outward, through all activations of the store. `fp` is a stub's, or with `pc` the
  /// frame pointer at that pc.
  RawBacktrace backtrace(u64 pc, u64 fp);
  /// The same for an exception that leaves an activation. One that left an inner activation before keeps its backtrace:
  /// that one began at the throw, and handing an exception out through n activations stays linear.
  RawBacktrace backtrace_of(RawRef exception, u64 stub_fp);
  /// The interrupt has become a trap: the next call starts afresh.
  void take_interrupt();
  /// Raw references that a C++ function of the runtime holds across a safepoint.
  std::vector<RawRef> &temporary_roots() { return temporary_roots_; }
  /// Runs destructors of collected foreign exceptions: user code, so only where the host may call anything.
  void release_foreign();
  const std::shared_ptr<HandleTable> &handles() const { return handles_; }

private:
  explicit Store(std::shared_ptr<Engine> engine);
  template <typename Visit> void visit_roots(Visit &&visit);
  bool holds_collectable(wasm::ValType type) const;
  template <typename Visit> void visit_frames(Visit &&visit);
  RawRef allocate(ObjectKind kind, u32 size);
  void poll_slowly();
  /// Both prepare the thread, and the stack limit when no call is active.
  bool enter_slowly(Func func, Registers &area);
  void prepare_call();
  void limit_stack(const ThreadState &thread);
  void set_stack_limit();

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
  /// Of those above the ones that may hold collected references.
  std::vector<Global *> root_globals_;
  std::vector<Table *> root_tables_;
  std::vector<RawRef> temporary_roots_;
  std::vector<std::exception_ptr> foreign_; ///< by ExceptionObject::foreign
  std::vector<u64> dead_externs_;           ///< values of collected externrefs with tracked_extern
  std::vector<u32> foreign_free_;
  std::vector<std::exception_ptr> foreign_dead_; ///< collected, not released yet
  Departure departure_;
  RawRef surfaced_ = 0; ///< the last exception that left an activation; not a root
  RawBacktrace surfaced_backtrace_;
  bool payload_is_live_ = false; ///< current_exn and the payload area are roots
  u64 begin_catches_ = 0;
  unwind::UnwindException unwind_exception_{};
  u64 stack_size_ = 0, stack_limit_ = 0;
};

} // namespace trapeze::runtime
