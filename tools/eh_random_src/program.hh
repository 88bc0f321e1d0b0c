// Random exception programs: the tree that the generator makes, the oracle interprets and the emitter writes as Wasm.
//
// Problem. An engine's exceptions go wrong where features meet: a tail call in a region, a tag imported twice, a
// reference kept across a host frame. Hand-written tests hold the meetings somebody thought of.
//
// Idea. One tree, two readers that share nothing: `interpret.cpp` walks it and says what must happen, `emit.cpp` turns
// it into modules that the engine runs. The tree is typed and names its labels by identity, not by depth, so the
// oracle never computes what the engine's decoder and validator compute.
//
// Invariants. Every statement leaves the operand stack as it found it and falls through as far as typing goes: what
// stands behind a `br` or a `throw` is there too, and any statement can be dropped (shrink.cpp). Every label has types
// and, for each type, a local of its function that receives the value where control arrives. Fuel (a global that all
// instances and the host's functions share) bounds every run: each loop header and each function entry costs one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace eh_random {

using u8 = std::uint8_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

enum class Type : u8 { I32, I64, F32, F64, Func, Extern, Exn };
constexpr u32 type_count = 7;
using Types = std::vector<Type>;

struct Signature {
  Types params, results;
  bool operator==(const Signature &) const = default;
};

/// Numbers as their bits. References as 0 for null, else 1 + a number that only the reader knows.
struct Value {
  Type type = Type::I32;
  u64 bits = 0;
  bool operator==(const Value &) const = default;
};

// ---------------------------------------------------------------------------------------------------- expressions

enum class Op : u8 {
  Const,     // bits
  LocalGet,  // index
  LocalTee,  // index, args[0]
  GlobalGet, // index
  Unary,     // index: row of `unaries`
  Binary,    // index: row of `binaries`
  Select,    // args: two values, condition
  RefNull,   //
  RefFunc,   // index
  TableGet,  // index, args[0]: element
  Load,      // args[0]: address
  MemorySize,
  MemoryGrow, // args[0]
  Call,       // index, args; exactly one result
  Block,      // body: one Block statement whose value stays on the stack
};

struct Stmt;

struct Expr {
  Op op = Op::Const;
  Type type = Type::I32;
  u32 index = 0;
  u64 bits = 0;
  std::vector<Expr> args;
  std::vector<Stmt> body;
};

/// Numeric operators: name, byte of the binary format, types. Only such whose result every engine must give to the bit.
struct Operator {
  const char *name;
  u8 opcode;
  Type from, to;
};
inline constexpr Operator unaries[] = {
    {"i32.eqz", 0x45, Type::I32, Type::I32},
    {"i64.eqz", 0x50, Type::I64, Type::I32},
    {"i32.wrap_i64", 0xa7, Type::I64, Type::I32},
    {"i64.extend_i32_s", 0xac, Type::I32, Type::I64},
    {"i32.reinterpret_f32", 0xbc, Type::F32, Type::I32},
    {"i64.reinterpret_f64", 0xbd, Type::F64, Type::I64},
    {"f32.reinterpret_i32", 0xbe, Type::I32, Type::F32},
    {"f64.reinterpret_i64", 0xbf, Type::I64, Type::F64},
    {"f64.convert_i32_s", 0xb7, Type::I32, Type::F64},
    {"ref.is_null", 0xd1, Type::Func, Type::I32},
    {"ref.is_null", 0xd1, Type::Extern, Type::I32},
    {"ref.is_null", 0xd1, Type::Exn, Type::I32},
};
inline constexpr Operator binaries[] = {
    {"i32.add", 0x6a, Type::I32, Type::I32},   {"i32.sub", 0x6b, Type::I32, Type::I32},
    {"i32.mul", 0x6c, Type::I32, Type::I32},   {"i32.xor", 0x73, Type::I32, Type::I32},
    {"i32.and", 0x71, Type::I32, Type::I32},   {"i32.div_u", 0x6e, Type::I32, Type::I32},
    {"i32.eq", 0x46, Type::I32, Type::I32},    {"i32.lt_u", 0x49, Type::I32, Type::I32},
    {"i64.add", 0x7c, Type::I64, Type::I64},   {"i64.sub", 0x7d, Type::I64, Type::I64},
    {"i64.mul", 0x7e, Type::I64, Type::I64},   {"i64.xor", 0x85, Type::I64, Type::I64},
    {"i64.div_u", 0x80, Type::I64, Type::I64}, {"i64.eq", 0x51, Type::I64, Type::I32},
    {"i64.lt_u", 0x54, Type::I64, Type::I32},
};

// ---------------------------------------------------------------------------------------------------- statements

enum class Kind : u8 {
  Set,         // index: local; exprs[0]
  SetGlobal,   // index: global; exprs[0]
  SetTable,    // index: table; exprs: element, value
  Store,       // exprs: address, value
  Drop,        // exprs[0]
  Call,        // callee; exprs: arguments; receive: results
  ReturnCall,  // callee; exprs: arguments
  Throw,       // index: tag; exprs: fields
  ThrowRef,    // exprs[0]
  Rethrow,     // label: a Try in one of whose handlers this stands
  Br,          // label; exprs: values
  BrIf,        // label; exprs: values, condition. What stays when it is not taken is dropped
  BrTable,     // labels and label (the default), all of equal types; exprs: values, index
  Return,      // exprs
  Unreachable, //
  If,          // own; exprs[0]; bodies: then, else
  Block,       // own, types; bodies[0]; exprs: what falls out; receive (none if it is the body of Op::Block)
  Loop,        // own, types; exprs: on entry; receive: at the header; bodies[0]
  TryTable,    // own, types; clauses; bodies[0]; exprs: what falls out; receive
  Try,         // own, types; bodies[0]; exprs: what falls out; handlers, or a delegate to `label`; receive
};

enum class How : u8 { Direct, Indirect, ByRef };

struct Callee {
  How how = How::Direct;
  u32 function = 0;             // Direct and ByRef; ~0 with ByRef: null
  u32 table = 0, signature = 0; // Indirect: the last of `exprs` is the element
};

enum class ClauseKind : u8 { Catch, CatchRef, CatchAll, CatchAllRef }; // as the binary format numbers them

struct Clause {
  ClauseKind kind = ClauseKind::Catch;
  u32 tag = 0, label = 0;
};

/// `catch $tag` or `catch_all` of the legacy form.
struct Handler {
  bool all = false;
  u32 tag = 0;
  std::vector<u32> receive; // locals that take the fields
  std::vector<Stmt> body;
  std::vector<Expr> exprs; // what falls out
};

constexpr u32 function_label = 0, no_label = ~0u;

struct Stmt {
  Kind kind = Kind::Drop;
  u32 index = 0, label = no_label, own = no_label;
  bool delegates = false;
  Callee callee;
  Types types;
  std::vector<u32> labels, receive;
  std::vector<Expr> exprs;
  // Block, TryTable, Try: parameters, made outside of it, and the locals that take them first thing inside.
  std::vector<Expr> entry;
  std::vector<u32> entry_receive;
  std::vector<std::vector<Stmt>> bodies;
  std::vector<Clause> clauses;
  std::vector<Handler> handlers;
};

// ---------------------------------------------------------------------------------------------------- modules

struct Function {
  u32 signature = 0;
  Types locals; // parameters first
  std::vector<Stmt> body;
  std::vector<Expr> exprs; // results, where the end is reached
};

struct Global {
  Type type = Type::I32;
  u64 bits = 0; // of a number; references start as null
};

/// Imports come first in each index space. Everything is exported: `f0`, `t0`, `g0`, `b0`.
struct Module {
  std::vector<u32> func_imports; // signatures
  std::vector<Function> functions;
  std::vector<u32> tag_imports, tags; // tag types
  std::vector<Type> global_imports;   // 0 is the fuel
  std::vector<Global> globals;
  std::vector<Type> table_imports, tables; // elements: Func or Exn
  std::vector<u32> elements;               // functions; written into table 0 when instantiated
  bool has_memory = false;
  u32 start = no_label; // function, or none

  u32 function_count() const { return static_cast<u32>(func_imports.size() + functions.size()); }
  u32 signature_of(u32 f) const {
    return f < func_imports.size() ? func_imports[f] : functions[f - func_imports.size()].signature;
  }
  u32 tag_type(u32 t) const { return t < tag_imports.size() ? tag_imports[t] : tags[t - tag_imports.size()]; }
  Type global_type(u32 g) const {
    return g < global_imports.size() ? global_imports[g] : globals[g - global_imports.size()].type;
  }
  Type table_type(u32 t) const {
    return t < table_imports.size() ? table_imports[t] : tables[t - table_imports.size()];
  }
};

/// Where an import comes from: the host's list, or what an earlier instance exports.
struct Source {
  static constexpr u32 host = ~0u;
  u32 instance = host, index = 0;
};

struct InstancePlan {
  u32 module = 0;
  std::vector<Source> functions, tags, globals, tables;
};

// ---------------------------------------------------------------------------------------------------- the host

/// What a host function does. Each writes its number and arguments into the trace first; one that returns returns its
/// own arguments where types fit, else zeros and nulls.
enum class Deed : u8 {
  Log,          //
  Collect,      // the collector runs
  ThrowTag,     // a Wasm exception with host tag `tag`, fields from the arguments
  ThrowForeign, // a C++ object
  ThrowTrap,
  Exit,
  Keep,        // keeps the first exnref among its arguments
  Compare,     // writes whether that is the kept one
  ThrowKept,   // throws the kept exception, if there is one
  Reenter,     // calls an export, see `Catching`
  ReenterTwice // the same again behind it, in the destructor of an object if the first one throws
};

/// What a host function does with what comes out of the function it calls.
enum class Catching : u8 {
  Nothing,       // it passes
  ThrowOn,       // catches everything, `throw;`
  Swallow,       // catches Wasm exceptions
  SwallowAll,    // catches foreign objects and traps too
  ThrowRef,      // Wasm exceptions: throws a new C++ exception around the same exception
  ThrowOther,    // Wasm exceptions: throws `tag` instead
  ThrowForeign,  // Wasm exceptions: throws a C++ object instead
  ForeignToWasm, // foreign objects: throws `tag` instead
};

struct HostFunction {
  u32 signature = 0;
  Deed deed = Deed::Log;
  Catching catching = Catching::Nothing;
  u32 tag = 0;                    // of the host
  u32 instance = 0, function = 0; // Reenter; does nothing as long as there is no such instance
};

struct Host {
  std::vector<HostFunction> functions;
  std::vector<u32> tags;       // types
  std::vector<Global> globals; // 0 is the fuel
  std::vector<Type> tables;
};

struct TopCall {
  u32 instance = 0, function = 0;
  std::vector<Value> arguments; // numbers, null, and externref n as 1 + n
};

/// How the engine is asked to optimise; `s` is for size.
inline constexpr char opt_level_names[] = "0123s";

struct Program {
  u64 seed = 0, number = 0;
  std::vector<Signature> signatures;
  std::vector<Types> tag_types;
  Host host;
  std::vector<Module> modules;
  std::vector<InstancePlan> instances;
  std::vector<TopCall> calls;
  u32 opt_level = 2; ///< index into opt_level_names
  bool verify = false;
};

constexpr u32 table_size = 8, memory_pages = 1, memory_pages_max = 3;

// ---------------------------------------------------------------------------------------------------- outcomes

/// What a run shows, as words to compare and, on demand, as lines to read. Oracle and engine write the same.
enum class Event : u8 {
  Call,
  Result,
  Exception,
  Foreign,
  Trap,
  Exit,
  Host,
  Number,
  Null,
  Function,
  Object,
  Global,
  Memory
};

class Trace {
public:
  explicit Trace(bool text) : text_(text) {}
  void put(Event event, u64 a = 0) {
    words_.push_back(static_cast<u64>(event));
    words_.push_back(a);
    if (text_)
      describe(event, a);
  }
  bool operator==(const Trace &other) const { return words_ == other.words_; }
  std::string lines() const { return lines_; }

private:
  void describe(Event event, u64 a);
  std::vector<u64> words_;
  bool text_;
  std::string lines_;
};

/// How traps are told apart.
enum class TrapKind : u8 {
  Unreachable,
  DivideByZero,
  MemoryBounds,
  TableBounds,
  UndefinedElement,
  UninitializedElement,
  Mismatch,
  NullFunction,
  NullException,
  Host,
  Other
};

constexpr u64 unknown_thing = 9999; // tags and functions of an instance that is not complete

} // namespace eh_random
