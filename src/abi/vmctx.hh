// The instance context: what compiled code finds through its instance pointer (r13 on x64, x20 on a64).
//
// Layout: the fixed head of vmctx.def, then arrays sized by the module, in this order, each 16-byte aligned:
//
//   memories   {u8 *base; MemoryDescriptor *descriptor}    16 bytes per memory
//   tables     {u32 *base; TableDescriptor *descriptor}    16 bytes per table
//   functions  {const void *code; InstanceContext *context} 16 bytes per *imported* function
//   tags       {Tag *}                                     8 bytes per tag: its identity in the store
//   globals    imported: {void *address} in a 16-byte cell; own: the value in a 16-byte cell
//
// A table's elements are 32-bit references. Both base pointers are constant for the life of the instance:
// memories and tables reserve their address space and never move. `length` changes and is read through
// the descriptor, which the owner shares with importers.
#pragma once

#include "base/types.hh"

namespace trapeze::wasm {
struct Module;
}

namespace trapeze::abi {

struct StoreContext;
struct InstanceContext;

struct MemoryDescriptor {
  u8 *base;
  u64 length; ///< bytes accessible now
};

struct TableDescriptor {
  u32 *base;
  u64 length; ///< elements
};

/// One value in the areas, argument buffers and exception payloads: always 16 bytes, little-endian, low part first.
struct alignas(16) ValueCell {
  u8 bytes[16];
};

/// Wasm limits both parameters and results to 1000; so do we (wasm/limits.hh).
inline constexpr u32 max_cells = 1000;

/// The words of a store that compiled code and the stubs read and write. Owned by the runtime's Store.
struct StoreContext {
  /// Lowest rsp a prologue accepts. Any thread may write ~0 to interrupt (EXCEPTIONS.md, Foundations).
  u64 stack_limit;
  /// Innermost activation (runtime/activation), null outside of Wasm.
  void *activation;
  /// Set by a builtin or host function that must not return normally: 0 none, else PendingKind.
  u64 pending;
  /// Frame pointer of the stub through which Wasm was last left (its return address is the Wasm call site).
  u64 exit_fp;
  /// Exception object being rethrown, as a reference, or 0: then only tag and payload below exist.
  u32 current_exn;
  /// 0, or ~0 under TRAPEZE_STRESS=collect: MakeExnref's stub then never answers by itself. Behind current_exn: one
  /// load reads both.
  u32 collects_always;
  /// Identity of the tag being thrown (runtime Tag *).
  void *current_tag;
  /// The runtime's Store.
  void *store;
  /// Not 0: a throw is the business of C++ from its first instruction (a log, stress, the system's unwinder). 0: the
  /// stubs of Throw and ThrowRef search by themselves and call C++ only for what they do not know.
  u64 throws_slowly;
  /// Arguments and results beyond the registers, in order of their ordinal among those.
  ValueCell overflow[max_cells];
  /// Fields of the exception in flight: full from the throw to the pad's first instructions.
  ValueCell payload[max_cells];
  /// Exceptions that were searched a handler for.
  u64 throws;
};

/// Head of the context of an instance or host function.
struct InstanceContext {
#define VMCTX(id, type, comment) type id;
#include "abi/vmctx.def"
};

/// A funcref points at one of these in the store's heap. Never moves, never dies before the store.
struct FuncRef {
  u32 header; ///< the heap's object kind
  u32 type_id;
  const void *code;
  InstanceContext *context;
  u64 reserved; ///< the runtime's
};

struct ImportedFunc {
  const void *code;
  InstanceContext *context;
};

struct MemoryCell {
  u8 *base;
  MemoryDescriptor *descriptor;
};

struct TableCell {
  u32 *base;
  TableDescriptor *descriptor;
};

/// Offsets of the arrays for one module. Cheap to compute; kept by the compiler's module context.
struct InstanceLayout {
  u32 memories, tables, functions, tags, globals, size;

  explicit InstanceLayout(const wasm::Module &module);
  u32 memory(u32 index) const { return memories + index * u32{sizeof(MemoryCell)}; }
  u32 table(u32 index) const { return tables + index * u32{sizeof(TableCell)}; }
  u32 function(u32 imported_index) const { return functions + imported_index * u32{sizeof(ImportedFunc)}; }
  u32 tag(u32 index) const { return tags + index * 8; }
  u32 global(u32 index) const { return globals + index * 16; }
};

} // namespace trapeze::abi
