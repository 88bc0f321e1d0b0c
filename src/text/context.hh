// What the assembler knows about a module while it writes it: index spaces with their identifiers, types,
// and how types are read and written. Spec: Text Format, Types; Conventions, Contexts.
//
// Identifiers of all index spaces are bound before anything is written, so any reference may point forward.
// Explicit types are read next; type uses met later either find a type or append one, in the order in which
// they stand in the source, as the spec's abbreviation says.
#pragma once

#include "text/buffer.hh"
#include "text/cursor.hh"
#include "wasm/types.hh"

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace trapeze::text {

/// index -> name for the name section.
using Names = std::vector<std::pair<u32, std::string_view>>;

/// One index space: identifiers, and names for the name section.
class IndexSpace {
public:
  explicit IndexSpace(const char *what) : what_(what) {}
  /// The next index, bound to the identifier and `@name` annotation at the cursor, if there are any.
  u32 bind(Cursor &cursor);
  u32 bind_anonymous() { return count_++; }
  /// The index at the cursor, a number or an identifier.
  u32 use(Cursor &cursor) const;
  u32 count() const { return count_; }
  const Names &names() const { return names_; }
  void clear();

private:
  const char *what_;
  u32 count_ = 0;
  std::unordered_map<std::string_view, u32> by_id_;
  Names names_;
};

/// What the type section holds, as far as type uses need it.
struct KnownType {
  wasm::CompositeKind kind = wasm::CompositeKind::Func;
  wasm::FuncType func;
  bool is_plain = true; ///< final and without supertype
};

struct Context {
  explicit Context(Cursor &c) : cursor(c) {}

  Cursor &cursor;
  IndexSpace types{"type"}, funcs{"func"}, tables{"table"}, memories{"memory"}, globals{"global"}, tags{"tag"},
      elements{"elem"}, datas{"data"};
  std::unordered_map<u32, IndexSpace> fields; ///< per struct type that names its fields
  std::vector<KnownType> known_types;
  Buffer implicit_types; ///< appended behind the explicit ones
  u32 implicit_count = 0;
  bool uses_data_count = false; ///< an instruction needs the data count section

  /// Makes a func type that stands alone, is final and has no supertype known to type uses.
  void add_plain_func(u32 index, const wasm::FuncType &type);
  /// The smallest index of such a type equal to `type`, appended if there is none.
  u32 func_type_index(const wasm::FuncType &type);

private:
  std::unordered_map<std::string, u32> plain_funcs_; ///< binary form -> index
};

bool at_val_type(const Cursor &c);
wasm::ValType val_type(Context &ctx);
/// A reference type: `funcref`, `(ref null? heaptype)`.
wasm::ValType ref_type(Context &ctx);
bool at_ref_type(const Cursor &c);
wasm::HeapType heap_type(Context &ctx);
wasm::GlobalType global_type(Context &ctx);
/// `i32` or `i64` before limits; true for i64.
bool address_type(Context &ctx);
wasm::Limits limits(Context &ctx, bool is_64);
wasm::TableType table_type(Context &ctx);
wasm::MemoryType memory_type(Context &ctx);
/// `(pagesize n)`, if it is there.
void page_size(Context &ctx, wasm::MemoryType &type);

/// `(param ...)* (result ...)*`. `locals`, if given, receives the parameters with their identifiers.
wasm::FuncType signature(Context &ctx, IndexSpace *locals, bool ids_allowed);
/// `(type x)? (param ...)* (result ...)*` as a type index.
u32 type_use(Context &ctx, IndexSpace *locals, bool ids_allowed);
/// The same for blocks: written as the shortest block type.
void block_type(Context &ctx, Buffer &out);

void write(Buffer &out, wasm::ValType type);
void write(Buffer &out, wasm::HeapType type);
void write(Buffer &out, const wasm::FuncType &type);
void write(Buffer &out, const wasm::Limits &limits, u32 flags);
void write(Buffer &out, const wasm::TableType &type);
void write(Buffer &out, const wasm::MemoryType &type);
void write(Buffer &out, const wasm::GlobalType &type);

} // namespace trapeze::text
