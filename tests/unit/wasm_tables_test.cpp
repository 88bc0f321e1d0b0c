// The tables of the language: look-ups agree with the rows, features with their defaults, types with their names.
#include "wasm/module.hh"
#include "wasm/opcodes.hh"

#include <doctest/doctest.h>
#include <set>
#include <string>

using namespace trapeze;
using namespace trapeze::wasm;

TEST_CASE("every operator is found by its code and its mnemonic") {
  std::set<u32> codes;
  for (u32 i = 0; i < opcode_count; ++i) {
    const OpcodeRow &row = opcode_rows[i];
    CAPTURE(row.text);
    CHECK(codes.insert(row.code).second);
    CHECK(find_opcode(row.code) == static_cast<Opcode>(i));
    const Opcode named = find_opcode(row.text);
    REQUIRE(named != no_opcode);
    CHECK(std::string_view(wasm::row(named).text) == row.text);
    CHECK(static_cast<u32>(named) <= i);
  }
  CHECK(find_opcode(0x16) == no_opcode);
  CHECK(find_opcode(0xfb) == no_opcode);
  CHECK(find_opcode(0xfb001f) == no_opcode);
  CHECK(find_opcode(0xfdffff) == no_opcode);
  CHECK(find_opcode(0xff0000) == no_opcode);
  CHECK(find_opcode("i32.add") == Opcode::I32Add);
  CHECK(find_opcode("ref.test") == Opcode::RefTest);
  CHECK(find_opcode("i32.ad") == no_opcode);
  CHECK(find_opcode("") == no_opcode);
}

TEST_CASE("features have their defaults and are found by flag") {
  Features features;
  CHECK(features.has(Feature::Exceptions));
  CHECK_FALSE(features.has(Feature::WideArithmetic));
  CHECK_FALSE(features.has(Feature::CustomPageSizes));
  features.set(Feature::WideArithmetic, true);
  features.set(Feature::Exceptions, false);
  CHECK(features.has(Feature::WideArithmetic));
  CHECK_FALSE(features.has(Feature::Exceptions));
  CHECK(find_feature("legacy-exceptions") == Feature::LegacyExceptions);
  CHECK_FALSE(find_feature("no-such-thing").has_value());
  CHECK(disabled_message(Feature::Exceptions) == "exception handling with exnref is disabled (--enable=exceptions)");
}

TEST_CASE("types print as in the text format") {
  CHECK(to_string(i64_type) == "i64");
  CHECK(to_string(funcref_type) == "funcref");
  CHECK(to_string(ValType::ref({HeapKind::None}, true)) == "nullref");
  CHECK(to_string(ValType::ref({HeapKind::Exn}, false)) == "(ref exn)");
  CHECK(to_string(ValType::ref({HeapKind::Concrete, TypeIndex{3}}, true)) == "(ref null 3)");
  CHECK(to_string(FuncType{{i32_type, i64_type}, {f32_type}}) == "[i32 i64] -> [f32]");
}

TEST_CASE("subtyping") {
  Module m;
  SubType base;
  base.kind = CompositeKind::Struct;
  base.is_final = false;
  SubType derived = base;
  derived.has_super = true;
  derived.super = TypeIndex{0};
  SubType func;
  m.types = {base, derived, func, base};
  m.canonical = {0, 1, 2, 0};
  const auto concrete = [](u32 index) { return HeapType{HeapKind::Concrete, TypeIndex{index}}; };
  CHECK(matches(m, concrete(1), concrete(0)));
  CHECK(matches(m, concrete(1), concrete(3))); // equal to type 0
  CHECK_FALSE(matches(m, concrete(0), concrete(1)));
  CHECK(matches(m, concrete(0), {HeapKind::Struct}));
  CHECK(matches(m, concrete(0), {HeapKind::Any}));
  CHECK_FALSE(matches(m, concrete(0), {HeapKind::Array}));
  CHECK_FALSE(matches(m, concrete(0), {HeapKind::Func}));
  CHECK(matches(m, concrete(2), {HeapKind::Func}));
  CHECK(matches(m, {HeapKind::None}, concrete(0)));
  CHECK_FALSE(matches(m, {HeapKind::None}, concrete(2)));
  CHECK(matches(m, {HeapKind::NoFunc}, concrete(2)));
  CHECK(matches(m, {HeapKind::I31}, {HeapKind::Eq}));
  CHECK_FALSE(matches(m, {HeapKind::Eq}, {HeapKind::I31}));
  CHECK_FALSE(matches(m, {HeapKind::Exn}, {HeapKind::Any}));
  CHECK(matches(m, ValType::ref(concrete(1), false), ValType::ref(concrete(0), true)));
  CHECK_FALSE(matches(m, ValType::ref(concrete(1), true), ValType::ref(concrete(0), false)));
  CHECK(matches(m, ValType(ValKind::Bottom), i32_type));
}

TEST_CASE("name maps") {
  NameMap map{{{1, "one"}, {5, "five"}}};
  CHECK(map.find(5) == "five");
  CHECK(map.find(2).empty());
  IndirectNameMap indirect{{{3, map}}};
  REQUIRE(indirect.find(3));
  CHECK(indirect.find(3)->find(1) == "one");
  CHECK(indirect.find(1) == nullptr);
}
