// Instantiation: matching of imports, constant expressions, segments, initial data; and the objects themselves.
#include "runtime_assembler.hh"

#include "runtime/global.hh"
#include "runtime/memory.hh"
#include "runtime/table.hh"
#include "runtime/tag.hh"

using namespace trapeze;
using namespace trapeze::test;
using namespace trapeze::runtime;
using wasm::i32_type;

namespace {

/// Bytes that live as long as the program.
wasm::ConstExpr expr(std::initializer_list<u8> bytes) {
  static std::vector<std::unique_ptr<std::vector<u8>>> pool;
  pool.push_back(std::make_unique<std::vector<u8>>(bytes));
  return {*pool.back(), 0};
}

image::CodeImage no_code() { return {}; }

Result<Instantiation> try_instantiate(World &world, const TestModule &m, std::vector<Extern> imports) {
  Assembler a(*m.module);
  for (usize i = m.module->imported_funcs; i < m.module->funcs.size(); ++i)
    a.begin().bytes({0xc3}).end();
  auto code = Code::load(world.engine, m.module, a.take());
  REQUIRE(code.has_value());
  return runtime::instantiate(*world.store, *code, imports);
}

std::string link_error(World &world, const TestModule &m, Extern given) {
  auto result = try_instantiate(world, m, {given});
  if (result)
    return "";
  CHECK(result.error().kind == ErrorKind::Unlinkable);
  return result.error().message;
}

} // namespace

TEST_CASE("missing and wrong imports are named with both types") {
  World world;
  TestModule m;
  m.import_func(m.type({i32_type}, {}), "print");
  CHECK(link_error(world, m, {}) == "unknown import: \"host\" \"print\" (func [i32] -> [])");
  auto code = [](Caller &, std::span<const ValueCell>, std::span<ValueCell>) { return HostResult::returned(); };
  Func wrong = world.store->make_func({{}, {}}, make_host_code(code));
  Func right = world.store->make_func({{i32_type}, {}}, make_host_code(code));
  CHECK(link_error(world, m, wrong) ==
        "incompatible import type: \"host\" \"print\": expected func [i32] -> [], found func [] -> []");
  Global *global = world.store->make_global({i32_type, false}, {});
  CHECK(link_error(world, m, global) ==
        "incompatible import type: \"host\" \"print\": expected func [i32] -> [], found global i32");
  CHECK(link_error(world, m, right).empty());
}

TEST_CASE("limits, mutability, element types and tag types are matched") {
  World world;
  Store &store = *world.store;
  auto memory_import = [](wasm::Limits limits) {
    TestModule m;
    wasm::Memory memory;
    memory.type.limits = limits;
    memory.is_imported = true;
    m.module->memories.push_back(memory);
    m.module->imported_memories = 1;
    m.module->imports.push_back({"host", "m", wasm::ExternKind::Memory, 0, 0});
    return m;
  };
  wasm::MemoryType type;
  type.limits = {1, 3, true, false};
  Memory *memory = *store.make_memory(type);
  CHECK(link_error(world, memory_import({1, 0, false, false}), memory).empty());
  CHECK(link_error(world, memory_import({1, 3, true, false}), memory).empty());
  CHECK(link_error(world, memory_import({1, 2, true, false}), memory) ==
        "incompatible import type: \"host\" \"m\": expected memory 1 2, found memory 1 3");
  CHECK(!link_error(world, memory_import({2, 0, false, false}), memory).empty());
  CHECK(memory->grow(1) == 1);
  CHECK(link_error(world, memory_import({2, 0, false, false}), memory).empty()); // the current size counts
  CHECK(!link_error(world, memory_import({1, 0, false, true}), memory).empty());

  auto global_import = [](wasm::GlobalType type) {
    TestModule m;
    m.module->globals.push_back({type, {}, true});
    m.module->imported_globals = 1;
    m.module->imports.push_back({"host", "g", wasm::ExternKind::Global, 0, 0});
    return m;
  };
  wasm::ValType exact = wasm::ValType::ref({wasm::HeapKind::NoFunc}, true);
  Global *constant = store.make_global({exact, false}, {});
  Global *variable = store.make_global({exact, true}, {});
  CHECK(link_error(world, global_import({wasm::funcref_type, false}), constant).empty());
  CHECK(!link_error(world, global_import({wasm::funcref_type, true}), constant).empty());
  CHECK(!link_error(world, global_import({wasm::funcref_type, true}), variable).empty());
  CHECK(link_error(world, global_import({exact, true}), variable).empty());

  TestModule tags;
  tags.import_tag(tags.type({i32_type}, {}), "t");
  CHECK(link_error(world, tags, store.make_tag({{i32_type}, {}})).empty());
  CHECK(link_error(world, tags, store.make_tag({{wasm::i64_type}, {}})) ==
        "incompatible import type: \"host\" \"t\": expected tag [i32] -> [], found tag [i64] -> []");
}

TEST_CASE("constant expressions: constants, extended arithmetic, globals, references; GC operators are refused") {
  World world;
  TestModule m;
  u32 f = m.func(m.type({}, {}), "f");
  auto global = [&](wasm::ValType type, wasm::ConstExpr init) {
    m.module->globals.push_back({{type, true}, init, false});
    m.module->exports.push_back({"g", wasm::ExternKind::Global, static_cast<u32>(m.module->globals.size() - 1)});
  };
  global(i32_type, expr({0x41, 0x7f, 0x0b}));                                     // -1
  global(i32_type, expr({0x23, 0x00, 0x41, 0x05, 0x6c, 0x41, 0x03, 0x6b, 0x0b})); // g0 * 5 - 3
  global(wasm::i64_type, expr({0x42, 0x0a, 0x42, 0x20, 0x7c, 0x0b}));             // 10 + 32
  global(wasm::f64_type, expr({0x44, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0x0b}));       // 1.5
  global(wasm::funcref_type, expr({0xd2, static_cast<u8>(f), 0x0b}));
  global(wasm::funcref_type, expr({0xd0, 0x70, 0x0b}));
  auto made = try_instantiate(world, m, {});
  REQUIRE(made.has_value());
  Instance *instance = made->instance;
  CHECK(get<i32>(instance->global(0)->get().cell) == -1);
  CHECK(get<i32>(instance->global(1)->get().cell) == -8);
  CHECK(get<i64>(instance->global(2)->get().cell) == 42);
  CHECK(get<double>(instance->global(3)->get().cell) == 1.5);
  CHECK(get<RawRef>(instance->global(4)->get().cell) == instance->func(f).raw());
  CHECK(get<RawRef>(instance->global(5)->get().cell) == 0);
  // compiled code finds them in the context
  abi::InstanceLayout layout(*m.module);
  CHECK(reinterpret_cast<u8 *>(instance->context()) + layout.global(2) ==
        reinterpret_cast<u8 *>(instance->global(2)->cell()));
  global(wasm::funcref_type, expr({0xfb, 0x00, 0x00, 0x0b}));
  auto refused = try_instantiate(world, m, {});
  REQUIRE(!refused.has_value());
  CHECK(refused.error().kind == ErrorKind::Unsupported);
}

TEST_CASE("active segments are written in order up to one that is out of bounds") {
  World world;
  Table *table = *world.store->make_table({wasm::funcref_type, {.min = 4}}, 0);
  Memory *memory = *world.store->make_memory({.limits = {.min = 1}});
  TestModule m;
  u32 f = m.func(m.type({}, {}), "f");
  m.module->tables.push_back({{wasm::funcref_type, {.min = 4}}, {}, true});
  m.module->memories.push_back({{.limits = {.min = 1}}, true});
  m.module->imported_tables = m.module->imported_memories = 1;
  m.module->imports.push_back({"host", "t", wasm::ExternKind::Table, 0, 0});
  m.module->imports.push_back({"host", "m", wasm::ExternKind::Memory, 0, 0});
  wasm::ElementSegment element;
  element.mode = wasm::SegmentMode::Active;
  element.offset = expr({0x41, 0x02, 0x0b});
  element.funcs = {f, f};
  m.module->elements.push_back(element);
  static const u8 data[] = "abc";
  wasm::DataSegment segment{wasm::SegmentMode::Active, 0, expr({0x41, 0x01, 0x0b}), {data, 3}};
  m.module->datas.push_back(segment);
  auto made = try_instantiate(world, m, {table, memory});
  REQUIRE(made.has_value());
  REQUIRE(made->outcome.is_ok());
  CHECK(table->get(1) == 0);
  CHECK(table->get(2) == made->instance->func(f).raw());
  CHECK(table->get(3) == table->get(2));
  CHECK(memory->bytes()[0] == 0);
  CHECK(memory->bytes()[3] == 'c');
  CHECK(made->instance->data_segment(0).empty());

  m.module->datas.push_back({wasm::SegmentMode::Active, 0, expr({0x41, 0xfe, 0xff, 0x03, 0x0b}), {data, 3}}); // 65534
  m.module->datas[0].offset = expr({0x41, 0x08, 0x0b});
  made = try_instantiate(world, m, {table, memory});
  REQUIRE(made.has_value());
  REQUIRE(made->outcome.kind == OutcomeKind::Trap);
  CHECK(made->outcome.trap->message == "out of bounds memory access");
  CHECK(memory->bytes()[8] == 'a');
  m.module->elements[0].offset = expr({0x41, 0x03, 0x0b});
  made = try_instantiate(world, m, {table, memory});
  REQUIRE(made->outcome.kind == OutcomeKind::Trap);
  CHECK(made->outcome.trap->message == "out of bounds table access");
}

TEST_CASE("large plain data is mapped copy-on-write: instances do not see each other's writes") {
  World world;
  TestModule m;
  m.module->memories.push_back({{.limits = {.min = 4}}, false});
  static std::vector<u8> big(100'000, 7);
  static const u8 patch[] = "xyz";
  m.module->datas.push_back({wasm::SegmentMode::Active, 0, expr({0x41, 0x0a, 0x0b}), big});
  m.module->datas.push_back({wasm::SegmentMode::Active, 0, expr({0x41, 0x0b, 0x0b}), {patch, 3}});
  auto code = Code::load(world.engine, m.module, no_code());
  REQUIRE(code.has_value());
  Memory *copied = runtime::instantiate(*world.store, *code, {})->instance->memory(0);
  REQUIRE(!(*code)->data_images().empty());
  Memory *first = runtime::instantiate(*world.store, *code, {})->instance->memory(0);
  Memory *second = runtime::instantiate(*world.store, *code, {})->instance->memory(0);
  for (Memory *memory : {copied, first, second}) {
    CHECK(memory->bytes()[9] == 0);
    CHECK(memory->bytes()[10] == 7);
    CHECK(memory->bytes()[11] == 'x');
    CHECK(memory->bytes()[100'009] == 7);
    CHECK(memory->bytes()[100'010] == 0);
    CHECK(memory->bytes()[262'143] == 0);
  }
  first->bytes()[10] = 1;
  CHECK(second->bytes()[10] == 7);
  CHECK(first->grow(10) == 4);
  CHECK(first->bytes()[10] == 1);
  first->bytes()[14 * 65536 - 1] = 1;
}

TEST_CASE("memories and tables grow in place up to their maximum") {
  World world;
  Memory *memory = *world.store->make_memory({.limits = {1, 3, true, false}});
  u8 *data = memory->data();
  data[65535] = 9;
  CHECK(memory->grow(2) == 1);
  CHECK(memory->grow(1) == -1);
  CHECK(memory->grow(~u64{0}) == -1);
  CHECK(memory->data() == data);
  CHECK(data[65535] == 9);
  CHECK(data[3 * 65536 - 1] == 0);
  CHECK(memory->contains(3 * 65536, 0));
  CHECK(!memory->contains(3 * 65536, 1));
  CHECK(!memory->contains(~u64{0}, 2));
  Memory *most = *world.store->make_memory({.limits = {0, 0, false, false}});
  CHECK(most->grow(65537) == -1);
  CHECK(most->grow(65536) == 0);
  most->data()[(u64{1} << 32) - 1] = 1;
  Memory *bytes = *world.store->make_memory({.limits = {3, 10, true, false}, .page_size_log2 = 0});
  CHECK(bytes->size() == 3);
  CHECK(bytes->grow(7) == 3);
  CHECK(bytes->grow(1) == -1);
  CHECK(!world.store->make_memory({.limits = {u64{1} << 40, 0, false, true}}).has_value());

  Table *table = *world.store->make_table({wasm::externref_type, {2, 5, true, false}}, 0);
  Ref ref = world.store->make_extern(4);
  CHECK(table->grow(3, ref.raw()) == 2);
  CHECK(table->grow(1, 0) == -1);
  CHECK(table->get(1) == 0);
  CHECK(table->get(4) == ref.raw());
}
