// Wasm's types as data. Spec: Structure, Types (Wasm 3.0).
//
// A ValType is 32 bits: a numeric or vector type, or a reference = {nullable, heap type}; a heap type is
// abstract or an index into the module's types. Indices are module-local; `Module::canonical` maps them
// to the first structurally equal type of the module (recursion groups compared as wholes), so inside a
// module equal types have equal canonical indices. Identity across modules is the runtime's
// (runtime/type_registry).
#pragma once

#include "base/types.hh"

#include <string>
#include <vector>

namespace trapeze::wasm {

enum class TypeIndex : u32 {};

/// Abstract heap types, in the spec's order of hierarchy; `Concrete` stands for a type index, `Bottom` (validation
/// only) for the heap type of a reference popped in unreachable code.
enum class HeapKind : u8 {
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
  Concrete,
  Bottom
};

struct HeapType {
  HeapKind kind = HeapKind::Func;
  TypeIndex index{}; ///< only for Concrete
  bool operator==(const HeapType &) const = default;
};

enum class ValKind : u8 {
  I32,
  I64,
  F32,
  F64,
  V128,
  Ref,
  Bottom ///< validation only: the type of a value popped in unreachable code
};

class ValType {
public:
  constexpr ValType() = default;
  constexpr ValType(ValKind kind) : kind_(kind) {}
  static constexpr ValType ref(HeapType heap, bool nullable) {
    ValType t(ValKind::Ref);
    t.nullable_ = nullable;
    t.heap_ = heap.kind;
    t.index_ = heap.kind == HeapKind::Concrete ? static_cast<u32>(heap.index) : 0;
    return t;
  }
  constexpr ValKind kind() const { return kind_; }
  constexpr bool is_ref() const { return kind_ == ValKind::Ref; }
  constexpr bool is_nullable() const { return nullable_; }
  constexpr HeapType heap() const { return {heap_, static_cast<TypeIndex>(index_)}; }
  constexpr ValType as_non_null() const { return ref(heap(), false); }
  constexpr ValType as_nullable() const { return ref(heap(), true); }
  /// References without a null have no default value.
  constexpr bool is_defaultable() const { return !is_ref() || nullable_; }
  constexpr bool is_num() const { return kind_ <= ValKind::F64; }
  constexpr bool operator==(const ValType &) const = default;

private:
  ValKind kind_ = ValKind::I32;
  bool nullable_ = false;
  HeapKind heap_ = HeapKind::Func;
  u32 index_ = 0;
};

inline constexpr ValType i32_type{ValKind::I32}, i64_type{ValKind::I64}, f32_type{ValKind::F32}, f64_type{ValKind::F64},
    v128_type{ValKind::V128};
inline constexpr ValType funcref_type = ValType::ref({HeapKind::Func}, true);
inline constexpr ValType externref_type = ValType::ref({HeapKind::Extern}, true);
inline constexpr ValType exnref_type = ValType::ref({HeapKind::Exn}, true);

/// The type of a struct field or array element; packed types occupy less than a value.
struct FieldType {
  enum class Packed : u8 { No, I8, I16 };
  ValType type; ///< I32 where packed
  Packed packed = Packed::No;
  bool is_mutable = false;
  bool operator==(const FieldType &) const = default;
};

struct FuncType {
  std::vector<ValType> params, results;
  bool operator==(const FuncType &) const = default;
};

enum class CompositeKind : u8 { Func, Struct, Array };

/// One type of the module's type section. Recursion groups are runs: [group_first, group_first + group_size).
struct SubType {
  CompositeKind kind = CompositeKind::Func;
  bool is_final = true;
  bool has_super = false;
  TypeIndex super{};
  u32 group_first = 0, group_size = 1;
  FuncType func;                 ///< kind == Func
  std::vector<FieldType> fields; ///< Struct: all fields; Array: exactly one
  u64 offset = 0;                ///< in the module
};

/// min/max in units of elements or pages. Spec: Structure, Types, Limits.
struct Limits {
  u64 min = 0, max = 0;
  bool has_max = false;
  bool is_64 = false; ///< memory64 / table64: addresses are i64
  bool operator==(const Limits &) const = default;
};

struct TableType {
  ValType element = funcref_type;
  Limits limits;
  ValType address_type() const { return limits.is_64 ? i64_type : i32_type; }
};

struct MemoryType {
  Limits limits;
  bool is_shared = false;
  u8 page_size_log2 = 16; ///< 16, or 0 with custom-page-sizes
  ValType address_type() const { return limits.is_64 ? i64_type : i32_type; }
};

struct GlobalType {
  ValType type;
  bool is_mutable = false;
};

enum class ExternKind : u8 { Func, Table, Memory, Global, Tag };

std::string to_string(ValType type);     ///< as in the text format: `i32`, `funcref`, `(ref null 3)`
std::string to_string(HeapType type);    ///< `func`, `exn`, `3`
std::string to_string(const FuncType &); ///< `[i32 i64] -> [f32]`
const char *to_string(ExternKind kind);  ///< `func`, `table`, ...

} // namespace trapeze::wasm
