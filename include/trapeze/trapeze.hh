// Trapeze: a WebAssembly engine whose first concern is exceptions. The public C++ interface (C++20 or later).
//
//   trapeze::Engine engine;
//   trapeze::Module module = trapeze::Module::from_file(engine, "add.wasm");
//   trapeze::Store store(engine);
//   trapeze::Linker linker(store);
//   linker.func("env", "log", [](std::int32_t x) { std::printf("%d\n", x); });
//   trapeze::Instance instance = linker.instantiate(module);
//   auto add = instance.func("add").typed<std::int32_t(std::int32_t, std::int32_t)>();
//   std::int32_t sum = add(1, 2);
//
// Ownership. `Engine` and `Module` are shared handles: copying is cheap, what they name lives while a copy or
// a store uses it. A `Store` owns everything that is made in it: instances, functions, memories, tables,
// globals, tags. `Func`, `Memory`, `Table`, `Global`, `Tag` and `Instance` are plain names of such things, two
// words each; they are valid while their store lives and keep nothing alive. `ExnRef`, `ExternRef` and `AnyRef`
// are references to collected objects and keep theirs alive; they may outlive the store and are null then.
//
// Threads. `Engine`, `Module` and `InterruptHandle` may be used by any number of threads at once. A `Store` and
// everything in it belong to one thread at a time; any number of stores run side by side without a lock.
//
// Errors are C++ exceptions, one class for each kind of event:
//   Error      input or a request that cannot be served: malformed, invalid, unsupported, unlinkable, out of
//              resources, or a wrong use of this interface. Nothing has been executed, or (a start function) the
//              execution ended with one of the others.
//   Trap       Wasm trapped. No clause of Wasm code ever sees one. The store stays usable.
//   Exception  a Wasm exception left Wasm uncaught; or is being thrown into Wasm by a host function.
//   Exit       the program ended itself (`proc_exit`). No clause of Wasm code sees it.
// A host function may throw any of them, or any other C++ object. Such a foreign object passes through Wasm as a
// foreign exception: `catch_all` sees it, `throw_ref` hands it on, and the host's outer frame catches the very
// object that was thrown. Traps and exits are not observable on the way.
//
// Spec: WebAssembly Core Specification 3.0, Appendix "Embedding"; its operations stand here as
// module_parse/module_validate = Module, module_instantiate = Linker::instantiate, func_invoke = Func::call,
// exn_alloc = Exception(tag, values), and so on.
#pragma once

#include <any>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

/// A module that is linked into the program or a library: what `trapeze compile --emit=obj|so` names NAME_module.
extern "C" {
struct trapeze_native_module;
}

namespace trapeze {
inline namespace v1 {

class Caller;
class Engine;
class Func;
class Instance;
class Module;
class Store;
class Val;

namespace detail {
struct EngineImpl;
struct ModuleImpl;
struct StoreImpl;
struct Root;            ///< a reference the collector counts as live; outlives its store as a null reference
struct ExceptionReport; ///< where an exception was thrown, and in words; worked out when first asked for
} // namespace detail

// ---------------------------------------------------------------------------------------------------- types

/// Spec: Structure, Types, Value Types. A reference type is {heap, nullable}.
enum class ValKind : std::uint8_t { I32, I64, F32, F64, V128, Ref };

/// Spec: Heap Types. `Concrete` is a type a module defines; ValType::type_id tells them apart.
enum class HeapKind : std::uint8_t {
  Func,
  NoFunc,
  Extern,
  NoExtern,
  Any,
  Eq,
  I31,
  Struct,
  Array,
  None,
  Exn,
  NoExn,
  Concrete
};

struct ValType {
  ValKind kind = ValKind::I32;
  HeapKind heap = HeapKind::Func; ///< of a reference
  bool nullable = true;           ///< of a reference
  std::uint32_t type_id = 0;      ///< of a concrete heap type: equal exactly for equal types of one engine

  static constexpr ValType i32() { return {ValKind::I32}; }
  static constexpr ValType i64() { return {ValKind::I64}; }
  static constexpr ValType f32() { return {ValKind::F32}; }
  static constexpr ValType f64() { return {ValKind::F64}; }
  static constexpr ValType v128() { return {ValKind::V128}; }
  static constexpr ValType ref(HeapKind heap, bool nullable = true) { return {ValKind::Ref, heap, nullable}; }
  static constexpr ValType funcref() { return ref(HeapKind::Func); }
  static constexpr ValType externref() { return ref(HeapKind::Extern); }
  static constexpr ValType exnref() { return ref(HeapKind::Exn); }
  static constexpr ValType anyref() { return ref(HeapKind::Any); }

  constexpr bool is_ref() const { return kind == ValKind::Ref; }
  friend constexpr bool operator==(const ValType &a, const ValType &b) {
    return a.kind == b.kind && (a.kind != ValKind::Ref || (a.heap == b.heap && a.nullable == b.nullable &&
                                                           (a.heap != HeapKind::Concrete || a.type_id == b.type_id)));
  }
};

/// As the text format writes it: `i32`, `funcref`, `(ref exn)`.
std::string to_string(ValType type);

struct FuncType {
  std::vector<ValType> params, results;
  bool operator==(const FuncType &) const = default;
};
std::string to_string(const FuncType &type); ///< `[i32 i64] -> [f32]`

/// Sizes in pages of a memory (64 KiB each, unless the module chose another size), or elements of a table.
struct Limits {
  std::uint64_t min = 0;
  std::optional<std::uint64_t> max;
  bool is_64 = false; ///< addresses are i64
  bool operator==(const Limits &) const = default;
};

struct MemoryType {
  Limits limits;
  bool is_shared = false;
  std::uint8_t page_size_log2 = 16;
  bool operator==(const MemoryType &) const = default;
};

struct TableType {
  ValType element = ValType::funcref();
  Limits limits;
  bool operator==(const TableType &) const = default;
};

struct GlobalType {
  ValType type;
  bool is_mutable = false;
  bool operator==(const GlobalType &) const = default;
};

/// The types of the fields an exception with this tag carries.
struct TagType {
  std::vector<ValType> fields;
  bool operator==(const TagType &) const = default;
};

enum class ExternKind : std::uint8_t { Func, Table, Memory, Global, Tag };
const char *to_string(ExternKind kind); ///< `func`, `table`, ...

using ExternType = std::variant<FuncType, TableType, MemoryType, GlobalType, TagType>; ///< in the order of ExternKind

struct ImportType {
  std::string module, name;
  ExternType type;
  ExternKind kind() const { return static_cast<ExternKind>(type.index()); }
};

struct ExportType {
  std::string name;
  ExternType type;
  ExternKind kind() const { return static_cast<ExternKind>(type.index()); }
};

// ------------------------------------------------------------------------------------------- errors and traps

enum class ErrorKind : std::uint8_t {
  Malformed,   ///< does not decode or parse
  Invalid,     ///< decodes, but does not validate
  Unsupported, ///< needs a feature that is off or that the engine does not have
  Unlinkable,  ///< an import that is missing or does not match
  Resource,    ///< the system refused memory, a file, a thread
  Usage,       ///< this interface was used wrongly: wrong number or type of arguments, no such export, ...
};

/// Where in an input an error is.
struct SourceLocation {
  std::string input;        ///< file name or whatever the module was given as name; may be empty
  std::uint64_t offset = 0; ///< bytes from the start of the text or binary
  std::uint32_t line = 0;   ///< from 1; 0 for binary input
  std::uint32_t column = 0; ///< from 1, in bytes
  std::string line_text;
};

class Error : public std::exception {
public:
  Error(ErrorKind kind, std::string message);
  Error(ErrorKind kind, std::string message, SourceLocation where);

  ErrorKind kind() const { return kind_; }
  const std::string &message() const { return message_; } ///< one line without position: `type mismatch: ...`
  const std::optional<SourceLocation> &location() const { return location_; }
  /// `bad.wat:1:28: error: type mismatch: expected i32, found i64`; binary: `bad.wasm:0x1c: error: ...`
  const char *what() const noexcept override { return what_.c_str(); }
  /// what() and, for text, the line and a caret below the place; with ANSI colours if asked. Ends with a line feed.
  std::string render(bool colour = false) const;

private:
  ErrorKind kind_;
  std::string message_, what_;
  std::optional<SourceLocation> location_;
};

/// One Wasm (or host) function of a backtrace, innermost first.
struct Frame {
  std::string function;           ///< from the name section or an export; empty: none
  std::uint32_t func_index = ~0u; ///< in the module; ~0: not a function of a module
  std::string module;             ///< the module's own name, or what it was loaded as; may be empty
  std::uint64_t left_out = 0;     ///< frames between this one and the next that were not kept
  std::uint64_t offset = ~0ull;   ///< in the module's bytes; ~0: unknown
};

/// Text of a backtrace, a line per frame: `  0: parse  at 0x1f3 of app.wasm`.
std::string to_string(std::span<const Frame> frames);

enum class TrapCode : std::uint8_t {
  Unreachable,
  IntegerDivideByZero,
  IntegerOverflow,
  InvalidConversion,
  MemoryOutOfBounds,
  TableOutOfBounds,
  UndefinedElement,
  UninitializedElement,
  IndirectCallTypeMismatch,
  NullReference,
  NullFunctionReference,
  NullExceptionReference,
  NullStructureReference,
  NullArrayReference,
  NullI31Reference,
  ArrayOutOfBounds,
  CastFailure,
  UnalignedAtomic,
  ExpectedSharedMemory,
  StackOverflow,
  AllocationFailed,
  OutOfFuel,
  Interrupted,
  HostError, ///< a host function trapped, see message()
};

class Trap : public std::exception {
public:
  /// For host functions that want Wasm to trap.
  explicit Trap(std::string message) : Trap(TrapCode::HostError, std::move(message), {}) {}
  explicit Trap(TrapCode code);
  Trap(TrapCode code, std::string message, std::vector<Frame> frames)
      : code_(code), message_(std::move(message)), frames_(std::move(frames)) {}

  TrapCode code() const { return code_; }
  const std::string &message() const { return message_; } ///< the spec's words: `integer divide by zero`
  const std::vector<Frame> &frames() const { return frames_; }
  const char *what() const noexcept override { return message_.c_str(); }

  Trap(TrapCode code, std::string message, std::vector<Frame> frames, std::shared_ptr<const void> origin)
      : code_(code), message_(std::move(message)), frames_(std::move(frames)), origin_(std::move(origin)) {}
  const std::shared_ptr<const void> &origin() const { return origin_; }

private:
  TrapCode code_;
  std::string message_;
  std::vector<Frame> frames_;
  std::shared_ptr<const void> origin_; ///< the engine's own record, so that a trap handed on keeps its backtrace
};

/// The program ended itself with this status. Passes every frame unseen.
class Exit : public std::exception {
public:
  explicit Exit(std::int32_t status) : status_(status) {}
  std::int32_t status() const { return status_; }
  const char *what() const noexcept override { return "exit"; }

private:
  std::int32_t status_;
};

// ------------------------------------------------------------------------------------------- engine and module

/// How a throw finds its handler. Both agree in every observable way.
enum class Unwinder : std::uint8_t {
  Fast,  ///< the engine's own walk over its tables
  System ///< the platform's unwinder (libgcc's or LLVM's), two-phase: slower, and C++ sees every frame
};

/// Which processors compiled code runs on.
enum class Cpu : std::uint8_t {
  Native,  ///< this one: whatever it has may be used
  Baseline ///< every one that the engine runs on (docs/platforms.md)
};

/// What is told about compiled code to whoever samples the process.
enum class Profile : std::uint8_t {
  None,
  PerfMap ///< /tmp/perf-PID.map, a line per function, as `perf` and others read it
};

/// What an engine is made with. Setters return *this, so they chain.
/// Functions of the module that is being compiled.
struct CompileProgress {
  std::atomic<std::uint32_t> done{0}, total{0};
};

class Config {
public:
  /// Features by their names (`trapeze --features` lists them; `trapeze::features()` too). Unknown names are an Error.
  Config &enable(std::string_view names); ///< one name, or several separated by commas
  Config &disable(std::string_view names);
  /// What Wasm may use of a thread's stack, from the outermost call on; 0 (default): all there is, less what the host
  /// needs to report an overflow.
  Config &stack_size(std::size_t bytes);
  Config &threads(std::uint32_t count); ///< that compile; 0 (default): one per CPU. Never changes the result
  Config &interruptible_loops(bool on); ///< loops notice interrupt(); off by default (calls always notice it)
  Config &verify(bool on);              ///< checks every stage of the compiler on every function
  /// 0: compiles fastest; 1: cheap optimisations; 2 (default): all that pay in general; 3: inlines too (then a call may
  /// be none any more, and notice no interruption: see interruptible_loops).
  Config &optimize(unsigned level);
  Config &optimize_for_size(); ///< level 2 with the shorter of two ways wherever they differ: about 3 % less code
  Config &cpu(Cpu which);
  Config &unwinder(Unwinder which);
  /// gdb sees Wasm frames by name (its JIT interface). Off by default; always on in a process that is being debugged
  /// when the engine is made.
  Config &debug_info(bool on);
  Config &profile(Profile which);
  /// Told how far the compilation of a module has come; of one at a time, and for any thread to read.
  Config &progress(std::shared_ptr<CompileProgress> watched);

  struct Values {
    std::uint64_t features = 0;
    std::size_t stack_size = 0;
    std::uint32_t threads = 0;
    bool interruptible_loops = false;
    bool verify = false;
    std::uint8_t opt_level = 2;
    bool for_size = false;
    Cpu cpu = Cpu::Native;
    Unwinder unwinder = Unwinder::Fast;
    bool debug_info = false;
    Profile profile = Profile::None;
    std::shared_ptr<CompileProgress> progress;
  };
  Config();
  const Values &values() const { return values_; }

private:
  Values values_;
};

/// A proposal that can be turned on and off.
struct FeatureInfo {
  std::string_view name, title;
  bool on_by_default;
};
std::span<const FeatureInfo> features();

std::string_view version(); ///< "0.1.0"

/// Compiles modules and holds what they share. Thread-safe. Creating one fails with Unsupported where the engine
/// has no code generator for the processor or no support for the system.
class Engine {
public:
  Engine() : Engine(Config()) {}
  explicit Engine(const Config &config);

  const Config::Values &config() const;
  detail::EngineImpl &impl() const { return *impl_; }
  const std::shared_ptr<detail::EngineImpl> &shared() const { return impl_; }

private:
  std::shared_ptr<detail::EngineImpl> impl_;
};

/// How a saved module is loaded.
struct LoadOptions {
  std::span<const std::uint8_t> key = {}; ///< only what was saved with this key; reads and hashes the whole file
  bool verify = false;                    ///< the whole content is what was written; reads and hashes the whole file
  std::string_view name = {};             ///< what errors and backtraces call it; empty: the path
};

/// A validated, compiled module: immutable and thread-safe. Spec: Embedding, Modules.
class Module {
public:
  /// From the binary format. `name` is what errors and backtraces call it.
  static Module from_binary(const Engine &engine, std::span<const std::uint8_t> bytes, std::string_view name = {});
  /// From the text format; errors point at line and column.
  static Module from_text(const Engine &engine, std::string_view source, std::string_view name = {});
  /// From either: a binary starts with "\0asm".
  static Module from_bytes(const Engine &engine, std::span<const std::uint8_t> input, std::string_view name = {});
  static Module from_file(const Engine &engine, const std::string &path); ///< "-": standard input
  /// Loads what save() made, by the same version of the engine; `path` is mapped, `bytes` are copied. Its header and
  /// structure are checked, in a time that does not grow with the code; the code is *trusted*: a file that an enemy can
  /// write is to be loaded with the key it was saved with, which refuses everything else. Throws Error: Unsupported if
  /// it was made for another version, processor or key, Malformed if it is damaged.
  static Module load(const Engine &engine, const std::string &path, const LoadOptions &options = {});
  static Module load(const Engine &engine, std::span<const std::uint8_t> bytes, const LoadOptions &options = {});
  /// A module that was linked into the program or a library (`trapeze compile --emit=obj|so`), which stays loaded as
  /// long as the module is used. Its code runs where it stands; a second engine's is a copy. Throws Error like load(),
  /// and Usage if a key is asked for: what is linked carries no seal.
  static Module from_native(const Engine &engine, const trapeze_native_module &native, const LoadOptions &options = {});
  /// Whether the bytes begin as those of save() do; 80 are enough.
  static bool is_saved(std::span<const std::uint8_t> bytes);
  /// The compiled module, complete: an ELF object that load() maps (docs/artifacts.md). The same for equal modules and
  /// settings. With a key (at least 16 bytes, any) it carries a seal. The file is replaced at once, never in part.
  std::vector<std::uint8_t> save(std::span<const std::uint8_t> key = {}) const;
  void save(const std::string &path, std::span<const std::uint8_t> key = {}) const;
  /// Decodes and validates without compiling; throws Error.
  static void validate(const Engine &engine, std::span<const std::uint8_t> input, std::string_view name = {});

  const std::string &name() const;
  std::vector<ImportType> imports() const; ///< in the module's order
  std::vector<ExportType> exports() const;
  bool has_start() const; ///< runs a function of its own when it is instantiated
  /// Contents of all custom sections of that name.
  std::vector<std::span<const std::uint8_t>> custom_sections(std::string_view name) const;

  const detail::ModuleImpl &impl() const { return *impl_; }
  const std::shared_ptr<const detail::ModuleImpl> &shared() const { return impl_; }
  explicit Module(std::shared_ptr<const detail::ModuleImpl> impl) : impl_(std::move(impl)) {}

private:
  std::shared_ptr<const detail::ModuleImpl> impl_;
};

// -------------------------------------------------------------------------------------------------- references

/// A reference to a collected object that keeps it alive. Copies share one root. Null by default, and once the
/// store is gone. Compare with == for identity.
class Ref {
public:
  Ref() = default;
  explicit operator bool() const { return raw() != 0; }
  friend bool operator==(const Ref &a, const Ref &b) { return a.raw() == b.raw(); }
  std::uint32_t raw() const; ///< identity within the store; 0: null
  Store *store() const;      ///< null when the reference is null or its store is gone
  explicit Ref(std::shared_ptr<detail::Root> root) : root_(std::move(root)) {}
  const std::shared_ptr<detail::Root> &root() const { return root_; }

protected:
  std::shared_ptr<detail::Root> root_;
};

/// Any reference of the `any` hierarchy: opaque to the host.
class AnyRef : public Ref {
public:
  using Ref::Ref;
};

/// A host object handed to Wasm (`externref`). Wasm can keep and compare it, and hand it back.
class ExternRef : public Ref {
public:
  using Ref::Ref;
  /// Makes a new reference; `value` is destroyed at a safe time after it became unreachable, or with the store.
  ExternRef(Store &store, std::any value);
  std::any &value() const; ///< Error (Usage) if null
};

class Tag;

/// An exception object (`exnref`). Spec: Runtime Structure, Exception Instances.
class ExnRef : public Ref {
public:
  using Ref::Ref;
  bool is_foreign() const;            ///< a C++ object that a host function threw
  std::exception_ptr foreign() const; ///< that object; null for a Wasm exception
  Tag tag() const;                    ///< null if foreign
  std::vector<Val> values() const;    ///< its payload; empty if foreign
};

// ------------------------------------------------------------------------- functions, memories, tables, globals, tags

struct V128 {
  std::array<std::uint8_t, 16> bytes{}; ///< lane 0 first
  bool operator==(const V128 &) const = default;
};

/// A function of a store: defined in Wasm, or by the host. A null one stands for the null funcref.
class Func {
public:
  Func() = default;

  /// A host function from any callable whose parameters are among int32_t, uint32_t, int64_t, uint64_t, float,
  /// double, V128, Func, ExternRef, ExnRef and AnyRef, optionally with `Caller &` before them. It returns one of
  /// these, nothing, or a std::tuple of them. References are taken as nullable. The store owns the callable.
  template <typename F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, Func>)
  Func(Store &store, F &&callable);

  /// A host function of any type. `results` has as many values as the type has results, of these types.
  using Callback = std::function<void(Caller &caller, std::span<const Val> args, std::span<Val> results)>;
  Func(Store &store, FuncType type, Callback callback);

  FuncType type() const;
  /// Calls it. Throws Error (Usage) when arguments do not fit, and Trap, Exception, Exit or a foreign C++ object.
  std::vector<Val> call(std::span<const Val> args) const;
  std::vector<Val> call(std::initializer_list<Val> args = {}) const;

  /// The same function with its type checked once: a plain C++ callable. Throws Error (Usage) if it does not fit.
  template <typename Signature> auto typed() const;

  Store *store() const;
  explicit operator bool() const { return ref_ != nullptr; }
  friend bool operator==(const Func &, const Func &) = default;

  Func(detail::StoreImpl *store, void *ref) : store_(store), ref_(ref) {}
  detail::StoreImpl *store_impl() const { return store_; }
  void *raw() const { return ref_; }

private:
  detail::StoreImpl *store_ = nullptr;
  void *ref_ = nullptr;
};

/// A linear memory. Its bytes never move; views become stale only in length, when it grows.
class Memory {
public:
  Memory() = default;
  Memory(Store &store, const MemoryType &type);

  MemoryType type() const;         ///< with the current size as minimum
  std::uint64_t size() const;      ///< pages
  std::uint64_t byte_size() const; ///< bytes
  std::uint8_t *data() const;
  std::span<std::uint8_t> view() const { return {data(), static_cast<std::size_t>(byte_size())}; }
  /// The `size` bytes at `address`, or nothing if they are not all inside.
  std::optional<std::span<std::uint8_t>> slice(std::uint64_t address, std::uint64_t size) const;
  /// Little-endian access; throws Trap (MemoryOutOfBounds).
  template <typename T> T read(std::uint64_t address) const;
  template <typename T> void write(std::uint64_t address, T value) const;
  /// The size before in pages, or nothing when it cannot grow that far.
  std::optional<std::uint64_t> grow(std::uint64_t pages) const;

  explicit operator bool() const { return memory_ != nullptr; }
  friend bool operator==(const Memory &, const Memory &) = default;
  Memory(detail::StoreImpl *store, void *memory) : store_(store), memory_(memory) {}
  detail::StoreImpl *store_impl() const { return store_; }
  void *raw() const { return memory_; }

private:
  detail::StoreImpl *store_ = nullptr;
  void *memory_ = nullptr;
};

class Table {
public:
  Table() = default;
  Table(Store &store, const TableType &type, const Val &initial);

  TableType type() const; ///< with the current size as minimum
  std::uint64_t size() const;
  Val get(std::uint64_t index) const;                    ///< Trap (TableOutOfBounds)
  void set(std::uint64_t index, const Val &value) const; ///< Trap (TableOutOfBounds), Error (Usage)
  std::optional<std::uint64_t> grow(std::uint64_t delta, const Val &initial) const;

  explicit operator bool() const { return table_ != nullptr; }
  friend bool operator==(const Table &, const Table &) = default;
  Table(detail::StoreImpl *store, void *table) : store_(store), table_(table) {}
  detail::StoreImpl *store_impl() const { return store_; }
  void *raw() const { return table_; }

private:
  detail::StoreImpl *store_ = nullptr;
  void *table_ = nullptr;
};

class Global {
public:
  Global() = default;
  Global(Store &store, const GlobalType &type, const Val &initial);

  GlobalType type() const;
  Val get() const;
  void set(const Val &value) const; ///< Error (Usage) if immutable or of another type

  explicit operator bool() const { return global_ != nullptr; }
  friend bool operator==(const Global &, const Global &) = default;
  Global(detail::StoreImpl *store, void *global) : store_(store), global_(global) {}
  detail::StoreImpl *store_impl() const { return store_; }
  void *raw() const { return global_; }

private:
  detail::StoreImpl *store_ = nullptr;
  void *global_ = nullptr;
};

/// The kind of an exception. Tags are compared by identity: two made alike are different.
class Tag {
public:
  Tag() = default;
  Tag(Store &store, std::vector<ValType> fields);

  TagType type() const;
  std::string name() const; ///< what a module calls it; may be empty

  explicit operator bool() const { return tag_ != nullptr; }
  friend bool operator==(const Tag &, const Tag &) = default;
  Tag(detail::StoreImpl *store, void *tag) : store_(store), tag_(tag) {}
  detail::StoreImpl *store_impl() const { return store_; }
  void *raw() const { return tag_; }

private:
  detail::StoreImpl *store_ = nullptr;
  void *tag_ = nullptr;
};

/// A value with its type. Spec: Runtime Structure, Values.
class Val {
public:
  Val() : Val(std::int32_t{0}) {}
  Val(std::int32_t v) : type_(ValType::i32()) { set_bits(static_cast<std::uint32_t>(v)); }
  Val(std::uint32_t v) : type_(ValType::i32()) { set_bits(v); }
  Val(std::int64_t v) : type_(ValType::i64()) { set_bits(static_cast<std::uint64_t>(v)); }
  Val(std::uint64_t v) : type_(ValType::i64()) { set_bits(v); }
  Val(float v) : type_(ValType::f32()) { std::memcpy(bytes_.data(), &v, 4); }
  Val(double v) : type_(ValType::f64()) { std::memcpy(bytes_.data(), &v, 8); }
  Val(V128 v) : type_(ValType::v128()), bytes_(v.bytes) {}
  Val(Func f);
  Val(ExternRef r);
  Val(ExnRef r);
  Val(AnyRef r);
  static Val f32_bits(std::uint32_t bits);
  static Val f64_bits(std::uint64_t bits);
  static Val null(HeapKind heap);
  static Val default_of(ValType type); ///< zero or null; Error (Usage) for a reference without null

  ValType type() const { return type_; }
  /// The value as this type; Error (Usage) if it is of another one.
  std::int32_t i32() const;
  std::int64_t i64() const;
  float f32() const;
  double f64() const;
  std::uint32_t f32_bits() const; ///< exact, NaNs included
  std::uint64_t f64_bits() const;
  V128 v128() const;
  Func func() const;
  ExternRef ext() const;
  ExnRef exn() const;
  AnyRef any() const;
  bool is_null() const; ///< a null reference

  /// Same type and the same bits, or the same object.
  friend bool operator==(const Val &a, const Val &b);

  const std::array<std::uint8_t, 16> &bytes() const { return bytes_; }

private:
  void set_bits(std::uint64_t bits) { std::memcpy(bytes_.data(), &bits, 8); }

  ValType type_;
  alignas(16) std::array<std::uint8_t, 16> bytes_{};
  std::variant<std::monostate, Func, Ref> ref_;
};

/// `i32:-1`, `f64:0.1`, `exnref:null`: type and value, integers signed, floats in shortest round-trip form.
std::string to_string(const Val &value);
/// Only the value, as the command line prints results.
std::string value_text(const Val &value);

/// A Wasm exception as a C++ exception: what an uncaught one becomes in the host, and what a host function throws
/// to raise one in Wasm. Thrown on unchanged (`throw;`) it stays the same exception object.
class Exception : public std::exception {
public:
  /// A new exception; Error (Usage) if the values do not fit the tag.
  Exception(Tag tag, std::vector<Val> values);
  /// An existing one, thrown again; Error (Usage) if null.
  explicit Exception(ExnRef ref);

  Tag tag() const { return tag_; }
  const std::vector<Val> &values() const { return values_; }
  const ExnRef &ref() const { return ref_; }
  const std::vector<Frame> &frames() const;   ///< where it was thrown
  const char *what() const noexcept override; ///< `exception refused(i32:42)`
  Exception(ExnRef ref, std::shared_ptr<detail::ExceptionReport> report);

private:
  Tag tag_;
  std::vector<Val> values_;
  ExnRef ref_;
  std::shared_ptr<detail::ExceptionReport> report_;
};

// -------------------------------------------------------------------------------------------- store and instance

/// Interrupts a store from any thread: Wasm code running in it traps with TrapCode::Interrupted at the next call or
/// (Config::interruptible_loops) loop. May outlive the store; does nothing then.
class InterruptHandle {
public:
  struct State;
  InterruptHandle() = default;
  explicit InterruptHandle(std::shared_ptr<State> state) : state_(std::move(state)) {}
  void interrupt() const;

private:
  std::shared_ptr<State> state_;
};

/// Everything a group of instances shares, and its heap. Belongs to one thread at a time.
class Store {
public:
  explicit Store(const Engine &engine);
  ~Store();                          // no code of the store may be running
  Store(Store &&) noexcept = delete; // handles and references name it by its address
  Store &operator=(Store &&) noexcept = delete;

  const Engine &engine() const;
  InterruptHandle interrupt_handle() const;
  void collect();                   ///< reclaims what is unreachable now
  std::size_t heap_objects() const; ///< objects of the collected heap (exceptions, extern references, ...) now
  std::any &data();                 ///< the embedder's own, untouched by the engine

  detail::StoreImpl &impl() const { return *impl_; }

private:
  std::unique_ptr<detail::StoreImpl> impl_;
};

/// Something that can be imported or exported. Default: nothing.
class Extern {
public:
  Extern() = default;
  Extern(Func f) : value_(f) {}
  Extern(Table t) : value_(t) {}
  Extern(Memory m) : value_(m) {}
  Extern(Global g) : value_(g) {}
  Extern(Tag t) : value_(t) {}

  explicit operator bool() const { return value_.index() != 0; }
  ExternKind kind() const { return static_cast<ExternKind>(value_.index() - 1); } ///< only if not nothing
  ExternType type() const;
  /// The thing as this kind; a null handle if it is of another kind.
  Func func() const { return get<Func>(); }
  Table table() const { return get<Table>(); }
  Memory memory() const { return get<Memory>(); }
  Global global() const { return get<Global>(); }
  Tag tag() const { return get<Tag>(); }

private:
  template <typename T> T get() const {
    const T *t = std::get_if<T>(&value_);
    return t ? *t : T();
  }
  std::variant<std::monostate, Func, Table, Memory, Global, Tag> value_;
};

/// Spec: Runtime Structure, Module Instances.
class Instance {
public:
  Instance() = default;
  /// Instantiates with imports in the module's order; runs the start function.
  Instance(Store &store, const Module &module, std::span<const Extern> imports);

  /// The export of that name, or nothing.
  Extern find(std::string_view name) const;
  std::vector<std::pair<std::string, Extern>> exports() const;
  /// The export of that name and kind; Error (Usage) if there is none.
  Func func(std::string_view name) const;
  Memory memory(std::string_view name = "memory") const;
  Table table(std::string_view name) const;
  Global global(std::string_view name) const;
  Tag tag(std::string_view name) const;
  Module module() const;

  explicit operator bool() const { return instance_ != nullptr; }
  friend bool operator==(const Instance &, const Instance &) = default;
  Instance(detail::StoreImpl *store, void *instance) : store_(store), instance_(instance) {}
  detail::StoreImpl *store_impl() const { return store_; }
  void *raw() const { return instance_; }

private:
  detail::StoreImpl *store_ = nullptr;
  void *instance_ = nullptr;
};

/// What a host function learns about the call it serves. Valid during the call.
class Caller {
public:
  Store &store() const;
  /// The instance whose code made the call; null when the host called.
  Instance instance() const;
  /// An export of that instance, or nothing.
  Extern find(std::string_view name) const;
  /// The call ends in this exception instead of its results, once the host function has returned: the same as throwing
  /// it, without a C++ throw. The last one counts.
  void raise(const Exception &exception) { raised_ = exception.ref(); }

  const ExnRef &raised() const { return raised_; }
  Caller(detail::StoreImpl *store, void *instance) : store_(store), instance_(instance) {}
  detail::StoreImpl *store_impl() const { return store_; }

private:
  detail::StoreImpl *store_;
  void *instance_;
  ExnRef raised_;
};

/// What becomes of an import nobody defined.
enum class UnknownImports : std::uint8_t {
  Error, ///< instantiation fails and names all of them
  Trap,  ///< a function that traps when it is called; other kinds as with Zero
  Zero   ///< a function that returns zeros and nulls; a fresh global, memory, table or tag of the wanted type
};

/// Finds imports by name and instantiates. Bound to a store.
class Linker {
public:
  explicit Linker(Store &store);

  /// A later definition of the same name replaces the earlier one.
  Linker &define(std::string_view module, std::string_view name, Extern what);
  /// A typed host function, as Func(store, callable).
  template <typename F> Linker &func(std::string_view module, std::string_view name, F &&callable) {
    return define(module, name, Func(*store_, std::forward<F>(callable)));
  }
  Linker &func(std::string_view module, std::string_view name, FuncType type, Func::Callback callback) {
    return define(module, name, Func(*store_, std::move(type), std::move(callback)));
  }
  /// All exports of the instance under that module name.
  Linker &instance(std::string_view module, const Instance &instance);
  Linker &unknown_imports(UnknownImports policy);
  Extern find(std::string_view module, std::string_view name) const;

  /// Resolves imports, instantiates, runs the start function. Throws Error (Unlinkable) and what the start function
  /// ends with.
  Instance instantiate(const Module &module);
  Store &store() const { return *store_; }

private:
  struct Impl;
  Store *store_;
  std::shared_ptr<Impl> impl_;
};

// ------------------------------------------------------------------------- how C++ signatures become Wasm types

namespace detail {

/// Where values stand at the border: the contents of the registers, behind them 16 bytes for each argument, then for
/// each result, that has none. Little-endian.
template <std::size_t Params, std::size_t Results> struct alignas(16) CallArea {
  static constexpr std::size_t registers = 224, param_registers = 6, result_registers = 2; ///< at least
  static constexpr std::size_t more_params = Params > param_registers ? Params - param_registers : 0;
  static constexpr std::size_t more_results = Results > result_registers ? Results - result_registers : 0;
  static constexpr std::size_t overflow = more_params > more_results ? more_params : more_results;
  unsigned char bytes[registers + 16 * overflow];
};
/// Where in a call area a value stands. A function's parameters come first, then its results.
using Place = std::uint16_t;

/// A host function's code, on a call area.
struct HostCode {
  StoreImpl *store = nullptr;
  virtual ~HostCode() = default;
  virtual void call(unsigned char *area) = 0;
};

/// Tells `places`, which are the code's own.
void *make_host_func(StoreImpl &store, FuncType type, std::unique_ptr<HostCode> code, Place *places);
StoreImpl &impl_of(Store &store);
/// Tells `places` of a function that is of that type.
void check_signature(const Func &func, const FuncType &wanted, Place *places);
void call_area(const Func &func, void *area);
void *calling_instance(StoreImpl &store);
/// The running host call ends in this exception.
void raise_exception(StoreImpl &store, const ExnRef &exception);

std::uint32_t raw_of(const Ref &ref, StoreImpl *store);
std::uint32_t raw_of(const Func &func, StoreImpl *store);
std::shared_ptr<Root> root_of(StoreImpl *store, std::uint32_t raw);
Func func_of(StoreImpl *store, std::uint32_t raw);

template <typename T> struct Abi;

template <typename T, ValKind K> struct NumericAbi {
  static ValType type() { return {K}; }
  static void put(unsigned char *at, T value, StoreImpl *) {
    if constexpr (sizeof(T) < 8) { // eight bytes are read from it: written as one word, they need not wait for memory
      std::uint64_t word = 0;
      std::memcpy(&word, &value, sizeof value);
      std::memcpy(at, &word, sizeof word);
    } else {
      std::memcpy(at, &value, sizeof value);
    }
  }
  static T take(const unsigned char *at, StoreImpl *) {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
  }
};
template <> struct Abi<std::int32_t> : NumericAbi<std::int32_t, ValKind::I32> {};
template <> struct Abi<std::uint32_t> : NumericAbi<std::uint32_t, ValKind::I32> {};
template <> struct Abi<std::int64_t> : NumericAbi<std::int64_t, ValKind::I64> {};
template <> struct Abi<std::uint64_t> : NumericAbi<std::uint64_t, ValKind::I64> {};
template <> struct Abi<float> : NumericAbi<float, ValKind::F32> {};
template <> struct Abi<double> : NumericAbi<double, ValKind::F64> {};
template <> struct Abi<V128> : NumericAbi<V128, ValKind::V128> {};

template <typename T, HeapKind H> struct RefAbi {
  static ValType type() { return ValType::ref(H); }
  static void put(unsigned char *at, const T &value, StoreImpl *store) {
    std::uint64_t raw = raw_of(value, store);
    std::memcpy(at, &raw, sizeof raw);
  }
  static T take(const unsigned char *at, StoreImpl *store) {
    std::uint32_t raw;
    std::memcpy(&raw, at, sizeof raw);
    if constexpr (std::is_same_v<T, Func>)
      return func_of(store, raw);
    else
      return T(root_of(store, raw));
  }
};
template <> struct Abi<Func> : RefAbi<Func, HeapKind::Func> {};
template <> struct Abi<ExternRef> : RefAbi<ExternRef, HeapKind::Extern> {};
template <> struct Abi<ExnRef> : RefAbi<ExnRef, HeapKind::Exn> {};
template <> struct Abi<AnyRef> : RefAbi<AnyRef, HeapKind::Any> {};

template <typename R> struct Results {
  static constexpr std::size_t count = 1;
  static std::vector<ValType> types() { return {Abi<R>::type()}; }
  static void put(unsigned char *area, const Place *places, const R &r, StoreImpl *s) {
    Abi<R>::put(area + places[0], r, s);
  }
  static R take(const unsigned char *area, const Place *places, StoreImpl *s) {
    return Abi<R>::take(area + places[0], s);
  }
};
template <> struct Results<void> {
  static constexpr std::size_t count = 0;
  static std::vector<ValType> types() { return {}; }
  static void take(const unsigned char *, const Place *, StoreImpl *) {}
};
template <typename... Rs> struct Results<std::tuple<Rs...>> {
  static constexpr std::size_t count = sizeof...(Rs);
  static std::vector<ValType> types() { return {Abi<Rs>::type()...}; }
  static void put(unsigned char *area, const Place *places, const std::tuple<Rs...> &r, StoreImpl *s) {
    put(area, places, r, s, std::index_sequence_for<Rs...>());
  }
  static std::tuple<Rs...> take(const unsigned char *area, const Place *places, StoreImpl *s) {
    return take(area, places, s, std::index_sequence_for<Rs...>());
  }

private:
  template <std::size_t... I>
  static void put(unsigned char *area, const Place *places, const std::tuple<Rs...> &r, StoreImpl *s,
                  std::index_sequence<I...>) {
    (Abi<Rs>::put(area + places[I], std::get<I>(r), s), ...);
  }
  template <std::size_t... I>
  static std::tuple<Rs...> take(const unsigned char *area, const Place *places, StoreImpl *s,
                                std::index_sequence<I...>) {
    return {Abi<Rs>::take(area + places[I], s)...};
  }
};

template <typename R, bool TakesCaller, typename... Args> struct Signature {
  static FuncType type() { return {{Abi<Args>::type()...}, Results<R>::types()}; }

  template <typename F> struct Code final : HostCode {
    F callable;
    std::array<Place, sizeof...(Args) + Results<R>::count> places{};
    template <typename G> explicit Code(G &&g) : callable(std::forward<G>(g)) {}
    void call(unsigned char *area) override {
      if constexpr (TakesCaller) {
        Caller caller(store, calling_instance(*store));
        run(&caller, area, std::index_sequence_for<Args...>());
        if (caller.raised().root())
          raise_exception(*store, caller.raised());
      } else {
        run(nullptr, area, std::index_sequence_for<Args...>());
      }
    }

  private:
    template <std::size_t... I>
    void run([[maybe_unused]] Caller *caller, unsigned char *area, std::index_sequence<I...>) {
      [[maybe_unused]] std::tuple<Args...> args{Abi<Args>::take(area + places[I], store)...};
      auto invoke = [&]() -> R {
        if constexpr (TakesCaller)
          return callable(*caller, std::get<I>(std::move(args))...);
        else
          return callable(std::get<I>(std::move(args))...);
      };
      if constexpr (std::is_void_v<R>)
        invoke();
      else
        Results<R>::put(area, places.data() + sizeof...(Args), invoke(), store);
    }
  };
};

template <typename R, typename... Args> struct SignatureOf {
  using type = Signature<R, false, std::remove_cvref_t<Args>...>;
};
template <typename R, typename... Args> struct SignatureOf<R, Caller &, Args...> {
  using type = Signature<R, true, std::remove_cvref_t<Args>...>;
};

template <typename F> struct CallableTraits : CallableTraits<decltype(&F::operator())> {};
template <typename R, typename... Args> struct CallableTraits<R (*)(Args...)> : SignatureOf<R, Args...> {};
template <typename R, typename... Args> struct CallableTraits<R (*)(Args...) noexcept> : SignatureOf<R, Args...> {};
template <typename C, typename R, typename... Args>
struct CallableTraits<R (C::*)(Args...)> : SignatureOf<R, Args...> {};
template <typename C, typename R, typename... Args>
struct CallableTraits<R (C::*)(Args...) const> : SignatureOf<R, Args...> {};
template <typename C, typename R, typename... Args>
struct CallableTraits<R (C::*)(Args...) noexcept> : SignatureOf<R, Args...> {};
template <typename C, typename R, typename... Args>
struct CallableTraits<R (C::*)(Args...) const noexcept> : SignatureOf<R, Args...> {};

} // namespace detail

/// What Func::typed returns. Calling throws as Func::call does, but never Error.
template <typename Signature> class TypedFunc;
template <typename R, typename... Args> class TypedFunc<R(Args...)> {
public:
  explicit TypedFunc(Func func) : func_(func) {
    detail::check_signature(func,
                            FuncType{{detail::Abi<std::remove_cvref_t<Args>>::type()...}, detail::Results<R>::types()},
                            places_.data());
  }
  R operator()(const Args &...args) const {
    detail::CallArea<sizeof...(Args), detail::Results<R>::count> area;
    [[maybe_unused]] const detail::Place *place = places_.data();
    (detail::Abi<std::remove_cvref_t<Args>>::put(area.bytes + *place++, args, func_.store_impl()), ...);
    detail::call_area(func_, area.bytes);
    return detail::Results<R>::take(area.bytes, places_.data() + sizeof...(Args), func_.store_impl());
  }
  const Func &func() const { return func_; }

private:
  Func func_;
  std::array<detail::Place, sizeof...(Args) + detail::Results<R>::count> places_;
};

template <typename F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, Func>)
Func::Func(Store &store, F &&callable) : store_(&detail::impl_of(store)) {
  using S = typename detail::CallableTraits<std::decay_t<F>>::type;
  auto code = std::make_unique<typename S::template Code<std::decay_t<F>>>(std::forward<F>(callable));
  detail::Place *places = code->places.data();
  ref_ = detail::make_host_func(*store_, S::type(), std::move(code), places);
}

template <typename Signature> auto Func::typed() const { return TypedFunc<Signature>(*this); }

template <typename T> T Memory::read(std::uint64_t address) const {
  static_assert(std::is_trivially_copyable_v<T>);
  auto bytes = slice(address, sizeof(T));
  if (!bytes)
    throw Trap(TrapCode::MemoryOutOfBounds);
  T value;
  std::memcpy(&value, bytes->data(), sizeof value);
  return value;
}

template <typename T> void Memory::write(std::uint64_t address, T value) const {
  static_assert(std::is_trivially_copyable_v<T>);
  auto bytes = slice(address, sizeof(T));
  if (!bytes)
    throw Trap(TrapCode::MemoryOutOfBounds);
  std::memcpy(bytes->data(), &value, sizeof value);
}

} // namespace v1
} // namespace trapeze
