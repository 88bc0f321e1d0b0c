// Types as text, with the abbreviations the text format has. Spec: Text Format, Types.
#include "wasm/types.hh"

#include <fmt/format.h>

namespace trapeze::wasm {

namespace {

struct HeapRow {
  const char *text, *nullable_reference;
};

constexpr HeapRow heap_rows[] = {
    {"func", "funcref"},   {"nofunc", "nullfuncref"}, {"extern", "externref"}, {"noextern", "nullexternref"},
    {"any", "anyref"},     {"eq", "eqref"},           {"i31", "i31ref"},       {"struct", "structref"},
    {"array", "arrayref"}, {"none", "nullref"},       {"exn", "exnref"},       {"noexn", "nullexnref"},
};

constexpr const char *value_kinds[] = {"i32", "i64", "f32", "f64", "v128", "ref", "any type"};
constexpr const char *extern_kinds[] = {"func", "table", "memory", "global", "tag"};

std::string list(const std::vector<ValType> &types) {
  std::string text = "[";
  for (const ValType type : types) {
    if (text.size() > 1)
      text += ' ';
    text += to_string(type);
  }
  return text + ']';
}

} // namespace

std::string to_string(HeapType type) {
  if (type.kind == HeapKind::Concrete)
    return fmt::format("{}", static_cast<u32>(type.index));
  if (type.kind == HeapKind::Bottom)
    return "bottom";
  return heap_rows[static_cast<u32>(type.kind)].text;
}

std::string to_string(ValType type) {
  if (!type.is_ref())
    return value_kinds[static_cast<u32>(type.kind())];
  const HeapType heap = type.heap();
  if (type.is_nullable() && heap.kind < HeapKind::Concrete)
    return heap_rows[static_cast<u32>(heap.kind)].nullable_reference;
  return fmt::format("(ref {}{})", type.is_nullable() ? "null " : "", to_string(heap));
}

std::string to_string(const FuncType &type) { return list(type.params) + " -> " + list(type.results); }

const char *to_string(ExternKind kind) { return extern_kinds[static_cast<u32>(kind)]; }

} // namespace trapeze::wasm
