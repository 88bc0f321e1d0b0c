// What compiled code and the assembly stubs take for granted about the layout of contexts.
#include "abi/builtins.hh"
#include "abi/convention.hh"
#include "abi/traps.hh"
#include "abi/vmctx.hh"
#include "wasm/module.hh"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstring>
#include <string_view>

using namespace trapeze;
using namespace trapeze::abi;

TEST_CASE("the fixed head of a context is six words in the order of vmctx.def") {
  CHECK(offsetof(InstanceContext, store) == 0);
  CHECK(offsetof(InstanceContext, instance) == 8);
  CHECK(offsetof(InstanceContext, builtins) == 16);
  CHECK(offsetof(InstanceContext, heap_base) == 24);
  CHECK(offsetof(InstanceContext, type_ids) == 32);
  CHECK(offsetof(InstanceContext, code) == 40);
  CHECK(sizeof(InstanceContext) == 48);
  CHECK(offsetof(StoreContext, overflow) % 16 == 0);
  CHECK(offsetof(StoreContext, payload) == offsetof(StoreContext, overflow) + 16 * max_cells);
}

TEST_CASE("arrays follow in order, aligned, and do not overlap") {
  wasm::Module module;
  module.memories.resize(2);
  module.tables.resize(1);
  module.funcs.resize(7);
  module.imported_funcs = 3;
  module.tags.resize(3);
  module.globals.resize(2);
  InstanceLayout layout(module);
  CHECK(layout.memories == 48);
  CHECK(layout.tables == 48 + 32);
  CHECK(layout.functions == 80 + 16);
  CHECK(layout.tags == 96 + 48);
  CHECK(layout.globals == 144 + 32); // three tags of 8 bytes, rounded up
  CHECK(layout.size == 176 + 32);
  CHECK(layout.function(2) == layout.functions + 32);
  CHECK(layout.tag(2) == layout.tags + 16);
  CHECK(layout.global(1) == layout.globals + 16);
}

TEST_CASE("an assigner fills registers of each class, then overflow cells in order of occurrence") {
  Assigner assigner = Assigner::params(x64_convention);
  for (u16 i = 0; i < 6; ++i) {
    Location at = assigner.next(RegClass::Int);
    CHECK(at.in_register);
    CHECK(at.index == i);
  }
  Location first = assigner.next(RegClass::Int);
  CHECK(!first.in_register);
  CHECK(first.index == 0);
  CHECK(assigner.next(RegClass::Float).in_register);
  Location second = assigner.next(RegClass::Int);
  CHECK(!second.in_register);
  CHECK(second.index == 1);
  CHECK(assigner.cells() == 2);
}

TEST_CASE("every builtin fits the integer registers together with its instance") {
  for (u32 i = 0; i < builtin_count; ++i) {
    const BuiltinRow &r = row(static_cast<Builtin>(i));
    CAPTURE(r.name);
    CHECK(std::strlen(r.params) + 1 <= x64_convention.int_params);
    CHECK(std::strlen(r.results) == 1);
  }
}

TEST_CASE("trap codes have the suite's words") {
  CHECK(std::string_view(message(TrapCode::StackOverflow)) == "call stack exhausted");
  CHECK(std::string_view(message(TrapCode::MemoryOutOfBounds)) == "out of bounds memory access");
  CHECK(std::string_view(message(TrapCode::HostError)) == "host error");
}
