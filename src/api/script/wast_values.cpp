// Spec: the reference interpreter's result patterns and its host module (interpreter/host/spectest.ml).
#include "api/script/wast_values.hh"

#include <algorithm>
#include <any>
#include <cstring>
#include <fmt/format.h>
#include <functional>

namespace trapeze::api {

using text::LaneMatch;
using text::ScriptValue;
using text::ScriptValueKind;

v1::ExternRef ScriptRefs::extern_ref(u64 number) {
  auto found = externs_.find(number);
  if (found == externs_.end())
    found = externs_.emplace(number, v1::ExternRef(store_, std::any(number))).first;
  return found->second;
}

std::optional<u64> ScriptRefs::number_of(const v1::ExternRef &ref) {
  const u64 *number = ref ? std::any_cast<u64>(&ref.value()) : nullptr;
  return number ? std::optional(*number) : std::nullopt;
}

std::optional<v1::Val> script_argument(const ScriptValue &value, v1::ValType type, ScriptRefs &refs) {
  switch (value.kind) {
  case ScriptValueKind::I32:
    return v1::Val(static_cast<u32>(value.lanes[0]));
  case ScriptValueKind::I64:
    return v1::Val(value.lanes[0]);
  case ScriptValueKind::F32:
    return v1::Val::f32_bits(static_cast<u32>(value.lanes[0]));
  case ScriptValueKind::F64:
    return v1::Val::f64_bits(value.lanes[0]);
  case ScriptValueKind::V128: {
    v1::V128 v;
    std::array<u64, 2> halves = value.bits128();
    std::memcpy(v.bytes.data(), halves.data(), sizeof halves);
    return v1::Val(v);
  }
  case ScriptValueKind::RefNull:
    return v1::Val::default_of(type);
  case ScriptValueKind::RefExtern:
    return v1::Val(refs.extern_ref(value.lanes[0]));
  default:
    return std::nullopt;
  }
}

namespace {

/// The lanes of a number or vector.
u64 lane(const v1::Val &value, u32 index, u32 bits) {
  u64 lane = 0;
  std::memcpy(&lane, value.bytes().data() + index * bits / 8, bits / 8);
  return lane;
}

bool matches_lanes(const ScriptValue &expected, const v1::Val &actual) {
  for (u32 i = 0; i < expected.lane_count; ++i)
    if (!text::matches_lane(expected.match[i], expected.lane_bits, expected.lanes[i],
                            lane(actual, i, expected.lane_bits)))
      return false;
  return true;
}

bool is_ref_of(const v1::Val &value, std::initializer_list<v1::HeapKind> heaps) {
  return value.type().is_ref() && !value.is_null() &&
         std::find(heaps.begin(), heaps.end(), value.type().heap) != heaps.end();
}

v1::ValKind number_kind(ScriptValueKind kind) {
  switch (kind) {
  case ScriptValueKind::I64:
    return v1::ValKind::I64;
  case ScriptValueKind::F32:
    return v1::ValKind::F32;
  case ScriptValueKind::F64:
    return v1::ValKind::F64;
  case ScriptValueKind::V128:
    return v1::ValKind::V128;
  default:
    return v1::ValKind::I32;
  }
}

bool matches_extern(const ScriptValue &expected, const v1::Val &actual) {
  if (!is_ref_of(actual, {v1::HeapKind::Extern}))
    return false;
  return !expected.has_number || ScriptRefs::number_of(actual.ext()) == expected.lanes[0];
}

} // namespace

bool matches_script(const ScriptValue &expected, const v1::Val &actual) {
  using enum v1::HeapKind;
  switch (expected.kind) {
  case ScriptValueKind::Either:
    return std::any_of(expected.alternatives.begin(), expected.alternatives.end(),
                       [&](const ScriptValue &v) { return matches_script(v, actual); });
  case ScriptValueKind::RefNull:
    return actual.type().is_ref() && actual.is_null();
  case ScriptValueKind::RefFunc:
    return is_ref_of(actual, {Func, Concrete});
  case ScriptValueKind::RefExtern:
    return matches_extern(expected, actual);
  case ScriptValueKind::RefExn:
    return is_ref_of(actual, {Exn});
  case ScriptValueKind::RefI31:
    return is_ref_of(actual, {I31, Eq, Any});
  case ScriptValueKind::RefStruct:
    return is_ref_of(actual, {Struct, Eq, Any, Concrete});
  case ScriptValueKind::RefArray:
    return is_ref_of(actual, {Array, Eq, Any, Concrete});
  case ScriptValueKind::RefEq:
    return is_ref_of(actual, {I31, Struct, Array, Eq, Any, Concrete});
  case ScriptValueKind::RefAny:
  case ScriptValueKind::RefHost:
    return is_ref_of(actual, {I31, Struct, Array, Eq, Any, Concrete});
  default:
    return actual.type().kind == number_kind(expected.kind) && matches_lanes(expected, actual);
  }
}

namespace {

std::string lane_text(const ScriptValue &v, u32 i) {
  if (v.match[i] == LaneMatch::CanonicalNan)
    return "nan:canonical";
  if (v.match[i] == LaneMatch::ArithmeticNan)
    return "nan:arithmetic";
  return fmt::format("{:#x}", v.lanes[i]);
}

v1::Val number(const ScriptValue &v) {
  switch (v.kind) {
  case ScriptValueKind::I64:
    return v1::Val(v.lanes[0]);
  case ScriptValueKind::F32:
    return v1::Val::f32_bits(static_cast<u32>(v.lanes[0]));
  case ScriptValueKind::F64:
    return v1::Val::f64_bits(v.lanes[0]);
  default:
    return v1::Val(static_cast<u32>(v.lanes[0]));
  }
}

std::string reference_text(const ScriptValue &v) {
  static constexpr const char *names[] = {"ref.null",   "ref.func",  "ref.extern", "ref.host", "ref.i31",
                                          "ref.struct", "ref.array", "ref.eq",     "ref.any",  "ref.exn"};
  std::string text = names[static_cast<u32>(v.kind) - static_cast<u32>(ScriptValueKind::RefNull)];
  if (v.has_heap)
    text += " " + wasm::to_string(v.heap);
  if (v.has_number)
    text += fmt::format(" {}", v.lanes[0]);
  return text;
}

} // namespace

std::string to_string(const ScriptValue &v) {
  if (v.kind == ScriptValueKind::Either) {
    std::string text = "either";
    for (const ScriptValue &alternative : v.alternatives)
      text += " " + to_string(alternative);
    return text;
  }
  if (v.kind == ScriptValueKind::V128) {
    std::string text = fmt::format("v128:{}x{}", v.lane_bits, v.lane_count);
    for (u32 i = 0; i < v.lane_count; ++i)
      text += " " + lane_text(v, i);
    return text;
  }
  if (v.kind >= ScriptValueKind::RefNull)
    return reference_text(v);
  if (v.match[0] != LaneMatch::Bits)
    return fmt::format("f{}:{}", v.lane_bits, lane_text(v, 0));
  return to_string(number(v));
}

std::map<std::string, v1::Extern, std::less<>> make_spectest(v1::Store &store) {
  using v1::Func, v1::Global, v1::Memory, v1::Table, v1::Val, v1::ValType;
  std::map<std::string, v1::Extern, std::less<>> exports;
  auto ignore = [](v1::Caller &, std::span<const Val>, std::span<Val>) {};
  auto print = [&](const char *name, std::vector<ValType> params) {
    exports[name] = Func(store, v1::FuncType{std::move(params), {}}, ignore);
  };
  print("print", {});
  print("print_i32", {ValType::i32()});
  print("print_i64", {ValType::i64()});
  print("print_f32", {ValType::f32()});
  print("print_f64", {ValType::f64()});
  print("print_i32_f32", {ValType::i32(), ValType::f32()});
  print("print_f64_f64", {ValType::f64(), ValType::f64()});
  exports["global_i32"] = Global(store, {ValType::i32(), false}, Val(i32{666}));
  exports["global_i64"] = Global(store, {ValType::i64(), false}, Val(i64{666}));
  exports["global_f32"] = Global(store, {ValType::f32(), false}, Val(666.6f));
  exports["global_f64"] = Global(store, {ValType::f64(), false}, Val(666.6));
  v1::TableType table{ValType::funcref(), {10, 20, false}};
  exports["table"] = Table(store, table, Val::null(v1::HeapKind::Func));
  table.limits.is_64 = true;
  exports["table64"] = Table(store, table, Val::null(v1::HeapKind::Func));
  exports["memory"] = Memory(store, v1::MemoryType{{1, 2, false}});
  exports["shared_memory"] = Memory(store, v1::MemoryType{{1, 2, false}, true});
  return exports;
}

} // namespace trapeze::api
