// Type identity across modules: iso-recursive, by groups.
#include "runtime/stubs.hh"
#include "runtime/type_registry.hh"

#include <doctest/doctest.h>

using namespace trapeze;
using namespace trapeze::runtime;
using wasm::HeapKind;
using wasm::TypeIndex;
using wasm::ValType;

namespace {

struct Types {
  wasm::Module module;
  ValType ref(u32 index) { return ValType::ref({HeapKind::Concrete, static_cast<TypeIndex>(index)}, true); }
  void group(std::vector<std::vector<ValType>> params) {
    u32 first = static_cast<u32>(module.types.size());
    for (auto &p : params) {
      wasm::SubType sub;
      sub.func.params = std::move(p);
      sub.group_first = first;
      sub.group_size = static_cast<u32>(params.size());
      module.types.push_back(std::move(sub));
    }
  }
};

} // namespace

TEST_CASE("equal groups of different modules have equal ids, whatever their indices") {
  TypeRegistry registry;
  Types a, b;
  a.group({{wasm::i32_type}});
  a.group({{a.ref(1)}});             // refers to itself
  a.group({{a.ref(3)}, {a.ref(2)}}); // refer to each other
  b.group({{wasm::i64_type}});
  b.group({{b.ref(2)}, {b.ref(1)}});
  b.group({{b.ref(3)}});
  b.group({{wasm::i32_type}});
  b.group({{b.ref(3)}}); // refers to the one before: another type
  auto ia = registry.add(a.module), ib = registry.add(b.module);
  CHECK(ia[0] == ib[4]);
  CHECK(ia[1] == ib[3]);
  CHECK(ia[2] == ib[1]);
  CHECK(ia[3] == ib[2]);
  CHECK(ia[0] != ib[0]);
  CHECK(ib[5] != ib[3]);
  CHECK(ia[2] != ia[3]); // members of a group differ by position
  CHECK(registry.add(a.module) == ia);
}

TEST_CASE("subtyping follows declared supertypes and the abstract hierarchy") {
  TypeRegistry registry;
  Types t;
  t.group({{}});
  t.module.types[0].is_final = false;
  t.group({{}});
  t.module.types[1].has_super = true;
  t.module.types[1].super = TypeIndex{0};
  auto ids = registry.add(t.module);
  CHECK(ids[0] != ids[1]);
  CHECK(registry.is_subtype(ids[1], ids[0]));
  CHECK(!registry.is_subtype(ids[0], ids[1]));
  auto ref = [](u32 id, bool nullable) {
    return ValType::ref({HeapKind::Concrete, static_cast<TypeIndex>(id)}, nullable);
  };
  CHECK(registry.matches(ref(ids[1], false), ref(ids[0], true)));
  CHECK(!registry.matches(ref(ids[1], true), ref(ids[0], false)));
  CHECK(registry.matches(ref(ids[1], true), wasm::funcref_type));
  CHECK(!registry.matches(wasm::funcref_type, ref(ids[1], true)));
  CHECK(registry.matches(ValType::ref({HeapKind::NoFunc}, true), ref(ids[0], true)));
  CHECK(!registry.matches(ValType::ref({HeapKind::NoExtern}, true), ref(ids[0], true)));
  CHECK(!registry.matches(ref(ids[0], true), wasm::externref_type));
  CHECK(registry.matches(wasm::i32_type, wasm::i32_type));
  CHECK(!registry.matches(wasm::i32_type, wasm::i64_type));
}

TEST_CASE("a call plan places values as the convention says") {
  TypeRegistry registry;
  wasm::FuncType type;
  for (int i = 0; i < 8; ++i)
    type.params.push_back(wasm::i64_type);
  type.params.push_back(wasm::f32_type);
  type.results = {wasm::i32_type, wasm::externref_type, wasm::i32_type};
  const TypeEntry *entry = registry.add(type);
  CHECK(registry.add(type) == entry);
  CHECK(entry->plan.params[5].place == offsetof(Registers, ints[5]));
  CHECK(entry->plan.params[6].place == sizeof(Registers));
  CHECK(entry->plan.params[7].place == sizeof(Registers) + 16);
  CHECK(entry->plan.params[8].place == offsetof(Registers, floats));
  CHECK(entry->plan.results[1].is_ref);
  CHECK(entry->plan.results[1].size == 4);
  CHECK(entry->plan.results[1].place == offsetof(Registers, int_results[1]));
  CHECK(entry->plan.results[2].place == sizeof(Registers));
  CHECK(entry->plan.overflow_params == 2);
  CHECK(entry->plan.overflow_results == 1);
  CHECK(!entry->plan.has_ref_params);
  CHECK(entry->plan.float_params == FloatUse::Scalars);
  CHECK(entry->plan.float_results == FloatUse::None);
  CHECK(registry.add(wasm::FuncType{{}, {wasm::f32_type, wasm::v128_type}})->plan.float_results == FloatUse::Vectors);
  CHECK(registry.add(wasm::FuncType{{wasm::funcref_type}, {}})->plan.has_ref_params);
}
