// What a module *is*: the decoded sections, as data. Function bodies stay bytes (BodySpan) until they are
// validated and translated in one walk. Spec: Structure, Modules; Binary Format, Modules.
//
// Index spaces put imports first, as the spec does. A Module owns its bytes; spans point into them.
#pragma once

#include "base/types.hh"
#include "wasm/names.hh"
#include "wasm/types.hh"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trapeze::wasm {

/// Bytes of the module with their offset in it, kept for errors and backtraces.
struct BodySpan {
  std::span<const u8> bytes;
  u64 offset = 0;
};

/// A constant expression: the bytes including its final `end`.
using ConstExpr = BodySpan;

struct Import {
  std::string_view module, name;
  ExternKind kind = ExternKind::Func;
  u32 index = 0; ///< in the index space of its kind
  u64 offset = 0;
};

struct Export {
  std::string_view name;
  ExternKind kind = ExternKind::Func;
  u32 index = 0;
  u64 offset = 0;
};

struct Func {
  TypeIndex type{};
  BodySpan body; ///< locals and code, without the size prefix; empty for an import
  bool is_imported = false;
  bool is_declared =
      false; ///< may be the operand of ref.func (spec: C.refs): named in an export, element segment, global
};

struct Table {
  TableType type;
  ConstExpr init; ///< empty: null
  bool is_imported = false;
  u64 offset = 0;
};

struct Memory {
  MemoryType type;
  bool is_imported = false;
  u64 offset = 0;
};

struct Global {
  GlobalType type;
  ConstExpr init;
  bool is_imported = false;
  u64 offset = 0;
};

struct Tag {
  TypeIndex type{}; ///< a function type without results
  bool is_imported = false;
};

enum class SegmentMode : u8 { Active, Passive, Declarative };

struct ElementSegment {
  SegmentMode mode = SegmentMode::Passive;
  ValType type = funcref_type;
  u32 table = 0;
  ConstExpr offset;
  std::vector<u32> funcs;       ///< either plain function indices,
  std::vector<ConstExpr> exprs; ///< or constant expressions
  u32 size() const { return static_cast<u32>(funcs.empty() ? exprs.size() : funcs.size()); }
  u64 at = 0; ///< of the segment, in the module
};

struct DataSegment {
  SegmentMode mode = SegmentMode::Passive;
  u32 memory = 0;
  ConstExpr offset;
  std::span<const u8> bytes;
  u64 at = 0; ///< of the segment, in the module
};

struct CustomSection {
  std::string_view name;
  std::span<const u8> bytes;
  u64 offset = 0;       ///< of its contents
  u8 after_section = 0; ///< id of the last non-custom section before it, 0: none
};

/// `metadata.code.branch_hint`: byte offset of the br_if / if from the start of the body -> likely?
struct BranchHint {
  u32 offset = 0;
  bool likely = false;
};

struct FuncBranchHints {
  u32 func = 0;
  std::vector<BranchHint> hints; ///< sorted by offset
};

struct Module {
  std::shared_ptr<const std::vector<u8>> bytes;

  std::vector<SubType> types;
  std::vector<u32> canonical; ///< per type: the first structurally equal type of this module
  std::vector<Import> imports;
  std::vector<Func> funcs;
  std::vector<Table> tables;
  std::vector<Memory> memories;
  std::vector<Global> globals;
  std::vector<Tag> tags;
  std::vector<Export> exports;
  std::vector<ElementSegment> elements;
  std::vector<DataSegment> datas;
  std::vector<CustomSection> customs;
  Names names;
  std::vector<FuncBranchHints> branch_hints; ///< sorted by func

  bool has_start = false;
  u32 start = 0;
  u64 start_offset = 0;
  bool has_data_count = false;
  u32 data_count = 0;
  u32 imported_funcs = 0, imported_tables = 0, imported_memories = 0, imported_globals = 0, imported_tags = 0;

  const FuncType &func_type(u32 func) const { return types[static_cast<u32>(funcs[func].type)].func; }
  const FuncType &tag_type(u32 tag) const { return types[static_cast<u32>(tags[tag].type)].func; }
  const FuncType &type_at(TypeIndex type) const { return types[static_cast<u32>(type)].func; }
};

/// The abstract heap type right above the types of a kind.
HeapKind abstract_of(CompositeKind kind);
/// Whether `sub` <: `super`, both abstract.
bool matches(HeapKind sub, HeapKind super);
/// Whether `sub` <: `super` for types of one module. Spec: Validation, Matching.
bool matches(const Module &m, ValType sub, ValType super);
bool matches(const Module &m, HeapType sub, HeapType super);

} // namespace trapeze::wasm
