// The collector: what it keeps, what it takes, and that memory is used again.
#include "runtime_assembler.hh"

#include "runtime/global.hh"
#include "runtime/table.hh"
#include "runtime/tag.hh"

using namespace trapeze;
using namespace trapeze::test;
using namespace trapeze::runtime;

TEST_CASE("objects are aligned, zeroed, and found again by reference") {
  auto heap = *Heap::create();
  for (u32 size : {16u, 24u, 32u, 48u, 1024u, 1040u, 16032u, 70000u}) {
    RawRef ref = heap->allocate(ObjectKind::Extern, size);
    REQUIRE(ref != 0);
    CHECK(ref % 16 == 0);
    CHECK(heap->kind(ref) == ObjectKind::Extern);
    CHECK(heap->ref_of(heap->address(ref)) == ref);
    for (u32 i = sizeof(ObjectHeader); i < size; ++i)
      REQUIRE(heap->address(ref)[i] == 0);
    std::memset(heap->address(ref) + sizeof(ObjectHeader), 0xff, size - sizeof(ObjectHeader));
  }
  CHECK(heap->objects() == 8);
}

TEST_CASE("unmarked objects go, marked ones stay where they are, and freed cells are used again") {
  auto heap = *Heap::create();
  std::vector<RawRef> kept;
  u64 high = 0;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 5000; ++i) {
      u32 size = i % 100 == 0 ? 100'000 : 32 + static_cast<u32>(i % 7) * 16;
      RawRef ref = heap->allocate(ObjectKind::Extern, size);
      REQUIRE(ref != 0);
      heap->object<ExternObject>(ref)->value = ref;
      if (round == 0 && i % 50 == 0)
        kept.push_back(ref);
    }
    heap->begin_marking();
    for (RawRef ref : kept)
      heap->mark(ref);
    heap->finish([](ObjectHeader *) {});
    CHECK(heap->objects() == kept.size());
    for (RawRef ref : kept)
      CHECK(heap->object<ExternObject>(ref)->value == ref);
    if (round == 1)
      high = heap->extent();
  }
  CHECK(heap->extent() <= high + (1 << 20));
}

TEST_CASE("FuncRefs are many and never move") {
  auto heap = *Heap::create();
  std::vector<abi::FuncRef *> refs;
  for (u32 i = 0; i < 100'000; ++i) {
    refs.push_back(heap->allocate_func_ref());
    REQUIRE(refs.back() != nullptr);
    refs.back()->type_id = i;
  }
  for (u32 i = 0; i < refs.size(); ++i)
    REQUIRE(refs[i]->type_id == i);
}

TEST_CASE("handles, globals, tables and exception fields are roots; a Ref survives its store as null") {
  World world;
  Store &store = *world.store;
  Tag *tag = store.make_tag({{wasm::i32_type, wasm::externref_type}, {}});
  Table *table = *store.make_table({wasm::externref_type, {.min = 4}}, 0);
  Ref global_ref = store.make_extern(1);
  Global *global = store.make_global({wasm::externref_type, true}, cell_of(global_ref.raw()));
  table->set(2, store.make_extern(2).raw());
  Ref exception;
  {
    Ref inner = store.make_extern(3);
    ValueCell fields[2] = {cell_of(5), cell_of(inner.raw())};
    exception = store.make_exception(tag, fields);
  }
  for (int i = 0; i < 100; ++i)
    (void)store.make_extern(99);
  global_ref = {};
  store.collect();
  CHECK(store.stats().heap_objects == 4);
  CHECK(store.extern_value(get<RawRef>(global->get().cell)) == 1);
  CHECK(store.extern_value(table->get(2)) == 2);
  CHECK(store.extern_value(get<RawRef>(store.exception_fields(exception.raw())[1])) == 3);
  Ref copy = exception;
  exception = {};
  store.collect();
  CHECK(store.stats().heap_objects == 4);
  global->set({});
  table->set(2, 0);
  store.collect();
  CHECK(store.stats().heap_objects == 2);
  world.store.reset();
  CHECK(copy.is_null());
  CHECK(copy.store() == nullptr);
}

TEST_CASE("a long chain of exceptions is marked without recursion") {
  World world;
  Store &store = *world.store;
  Tag *tag = store.make_tag({{wasm::exnref_type}, {}});
  Ref chain;
  for (int i = 0; i < 200'000; ++i) {
    ValueCell field[1] = {cell_of(chain.raw())};
    chain = store.make_exception(tag, field);
  }
  store.collect();
  CHECK(store.stats().heap_objects == 200'000);
  chain = {};
  store.collect();
  CHECK(store.stats().heap_objects == 0);
}
