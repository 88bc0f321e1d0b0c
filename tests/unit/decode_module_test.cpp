// Sections, their order and lengths; canonical types; custom sections; features.
#include "decode/decode.hh"
#include "module_bytes.hh"

#include <doctest/doctest.h>

using namespace trapeze;
using namespace trapeze::test;
using wasm::Feature;
using wasm::Features;

namespace {

Result<wasm::Module> decoded(const Bytes &sections, const Features &features = {}) {
  return decode::module(module_of(sections), features);
}

Error error(const Bytes &sections, const Features &features = {}) {
  auto result = decoded(sections, features);
  REQUIRE_FALSE(result.has_value());
  return result.error();
}

std::string malformed(const Bytes &sections) {
  const Error e = error(sections);
  CHECK(e.kind == ErrorKind::Malformed);
  return e.message;
}

} // namespace

TEST_CASE("the header") {
  CHECK(decoded({}).has_value());
  const auto fails = [](Bytes bytes) {
    return decode::module(std::make_shared<const Bytes>(std::move(bytes)), {}).error().message;
  };
  CHECK(fails({}) == "unexpected end");
  CHECK(fails({0, 'a', 's', 'm'}) == "unexpected end");
  CHECK(fails({0, 'a', 's', 'n', 1, 0, 0, 0}) == "magic header not detected");
  CHECK(fails({0, 'a', 's', 'm', 2, 0, 0, 0}) == "unknown binary version");
}

TEST_CASE("sections stand in order and fill their size") {
  CHECK(malformed(section(3, {0}) + section(1, {0})) == "unexpected content after last section");
  CHECK(malformed(section(1, {0}) + section(1, {0})) == "unexpected content after last section");
  CHECK(malformed(section(14, {0})) == "malformed section id");
  CHECK(malformed(section(1, {0, 0})) == "section size mismatch");
  CHECK(malformed({1, 5, 0}) == "length out of bounds");
  CHECK(malformed(section(1, {1})) == "unexpected end of section or function");
  CHECK(decoded(section(5, {0}) + section(13, {0}) + section(6, {0}) + section(9, {0}) + section(12, {0}) +
                section(10, {0}) + section(11, {0})));
}

TEST_CASE("lengths of sections agree") {
  CHECK(malformed(section(1, {1, 0x60, 0, 0}) + section(3, {1, 0})) ==
        "function and code section have inconsistent lengths");
  CHECK(malformed(section(10, {1, 2, 0, 0x0b})) == "function and code section have inconsistent lengths");
  CHECK(malformed(section(12, {1})) == "data count and data section have inconsistent lengths");
}

TEST_CASE("a function, its import and its export") {
  const auto m = decoded(section(1, {1, 0x60, 1, 0x7f, 1, 0x7e}) +
                         section(2, Bytes{1} + name("env") + name("f") + Bytes{0, 0}) + section(3, {1, 0}) +
                         section(7, Bytes{1} + name("g") + Bytes{0, 1}) + section(10, {1, 4, 0, 0x42, 7, 0x0b}));
  REQUIRE(m.has_value());
  CHECK(m->imports[0].module == "env");
  CHECK(m->imports[0].name == "f");
  CHECK(m->imported_funcs == 1);
  REQUIRE(m->funcs.size() == 2);
  CHECK(m->funcs[0].is_imported);
  CHECK_FALSE(m->funcs[0].is_declared);
  CHECK(m->funcs[1].is_declared);
  CHECK(m->funcs[1].body.bytes.size() == 4);
  CHECK((*m->bytes)[m->funcs[1].body.offset + 1] == 0x42);
  CHECK(to_string(m->func_type(1)) == "[i32] -> [i64]");
}

TEST_CASE("a function whose type is none is invalid, not malformed") {
  const Error e = error(section(3, {1, 4}) + section(10, {1, 2, 0, 0x0b}));
  CHECK(e.kind == ErrorKind::Invalid);
  CHECK(e.message == "unknown type 4");
  CHECK(e.offset == 11);
}

TEST_CASE("equal recursion groups have equal canonical indices") {
  const Bytes self = {0x4e, 1, 0x60, 0, 1, 0x64, 0};       // (rec (func (result (ref 0))))
  const Bytes self_again = {0x4e, 1, 0x60, 0, 1, 0x64, 1}; // the same as type 1
  const Bytes pair = {0x4e, 2, 0x60, 0, 1, 0x64, 2, 0x60, 0, 0};
  const Bytes other = {0x60, 0, 1, 0x64, 0}; // refers to type 0 from outside: type 4
  const auto m = decoded(section(1, Bytes{5} + self + self_again + pair + other + Bytes{0x60, 0, 0}));
  REQUIRE(m.has_value());
  CHECK(m->canonical == std::vector<u32>{0, 0, 2, 3, 4, 5});
  CHECK(m->types[3].group_first == 2);
  CHECK(m->types[3].group_size == 2);
}

TEST_CASE("element segments in all forms") {
  const Bytes expr = {0x41, 3, 0x0b}, null = {0xd0, 0x70, 0x0b}, ref = {0xd2, 0, 0x0b};
  const Bytes segments = Bytes{8} + (Bytes{0} + expr + Bytes{1, 0}) + Bytes{1, 0, 1, 0} +
                         (Bytes{2, 0} + expr + Bytes{0, 1, 0}) + Bytes{3, 0, 1, 0} +
                         (Bytes{4} + expr + Bytes{1} + null) + (Bytes{5, 0x70, 1} + null) +
                         (Bytes{6, 0} + expr + Bytes{0x70, 1} + null) + (Bytes{7, 0x70, 1} + ref);
  const auto m = decoded(section(1, {1, 0x60, 0, 0}) + section(3, {1, 0}) + section(4, {1, 0x70, 0, 4}) +
                         section(9, segments) + section(10, {1, 2, 0, 0x0b}));
  REQUIRE(m.has_value());
  using wasm::SegmentMode;
  const SegmentMode modes[] = {SegmentMode::Active,      SegmentMode::Passive,    SegmentMode::Active,
                               SegmentMode::Declarative, SegmentMode::Active,     SegmentMode::Passive,
                               SegmentMode::Active,      SegmentMode::Declarative};
  for (u32 i = 0; i < 8; ++i) {
    CAPTURE(i);
    const wasm::ElementSegment &segment = m->elements[i];
    CHECK(segment.mode == modes[i]);
    CHECK(segment.size() == 1);
    CHECK(segment.funcs.size() == (i < 4 ? 1 : 0));
    CHECK(to_string(segment.type) == (i < 4 ? "(ref func)" : "funcref"));
    CHECK(segment.offset.bytes.size() == (segment.mode == SegmentMode::Active ? 3 : 0));
  }
  CHECK(m->funcs[0].is_declared);
  CHECK(malformed(section(9, {1, 8})) == "malformed elements segment kind");
}

TEST_CASE("limits") {
  CHECK(malformed(section(5, {1, 0x10, 0})) == "malformed limits flags");
  CHECK(malformed(section(4, {1, 0x70, 2, 0})) == "malformed limits flags");
  CHECK(malformed(section(5, {1, 8, 1, 0})) ==
        "malformed limits flags: custom page sizes is disabled (--enable=custom-page-sizes)");
  Features features;
  features.set(Feature::CustomPageSizes, true);
  const auto m = decoded(section(5, {1, 0x0f, 1, 2, 0}), features);
  REQUIRE(m.has_value());
  const wasm::MemoryType &type = m->memories[0].type;
  CHECK(type.is_shared);
  CHECK(type.limits == wasm::Limits{1, 2, true, true});
  CHECK(type.page_size_log2 == 0);
  CHECK(error(section(5, {1, 8, 1, 5}), features).kind == ErrorKind::Invalid);
  CHECK(error(section(5, {1, 8, 1, 65}), features).kind == ErrorKind::Malformed);
}

TEST_CASE("what needs a feature that is off says which") {
  Features features;
  features.set(Feature::Exceptions, false);
  features.set(Feature::LegacyExceptions, false);
  const Error e = error(section(1, {1, 0x60, 0, 0}) + section(13, {1, 0, 0}), features);
  CHECK(e.kind == ErrorKind::Unsupported);
  CHECK(e.message == "exception handling with exnref is disabled (--enable=exceptions)");
  features.set(Feature::LegacyExceptions, true);
  CHECK(decoded(section(1, {1, 0x60, 0, 0}) + section(13, {1, 0, 0}), features).has_value());
}

TEST_CASE("names: what is malformed is ignored") {
  const Bytes good = name("name") + Bytes{0} + sized(name("mod")) + Bytes{1} + sized(Bytes{1, 0} + name("f"));
  const auto m = decoded(section(0, good));
  REQUIRE(m.has_value());
  CHECK(m->names.module() == "mod");
  CHECK(m->names.funcs().find(0) == "f");
  CHECK(decode::custom_sections(*m, {}).has_value());

  const Bytes unordered = name("name") + Bytes{1} + sized(Bytes{2, 1} + name("f") + Bytes{0} + name("g"));
  const auto bad = decoded(section(0, unordered));
  REQUIRE(bad.has_value());
  CHECK(bad->names.funcs().entries.empty());
  CHECK(decode::custom_sections(*bad, {}).error().kind == ErrorKind::Malformed);

  CHECK(malformed(section(0, {1, 0xff})) == "malformed UTF-8 encoding");
}

TEST_CASE("branch hints stand at branches") {
  const auto with_hint = [](u8 offset, u8 value) {
    const Bytes hints = name("metadata.code.branch_hint") + Bytes{1, 0, 1, offset, 1, value};
    const Bytes body = {0, 0x20, 0, 0x04, 0x40, 0x0b, 0x0b}; // local.get 0, if at 3
    return section(1, {1, 0x60, 1, 0x7f, 0}) + section(3, {1, 0}) + section(0, hints) +
           section(10, Bytes{1} + sized(body));
  };
  const auto m = decoded(with_hint(3, 1));
  REQUIRE(m.has_value());
  REQUIRE(m->branch_hints.size() == 1);
  CHECK(m->branch_hints[0].hints[0].offset == 3);
  CHECK(m->branch_hints[0].hints[0].likely);
  CHECK(decode::custom_sections(*m, {}).has_value());

  const auto elsewhere = decoded(with_hint(1, 1));
  REQUIRE(elsewhere.has_value());
  CHECK(decode::custom_sections(*elsewhere, {}).error().message ==
        "@metadata.code.branch_hint annotation: invalid target");
  CHECK(decode::custom_sections(*elsewhere, {}).error().kind == ErrorKind::Invalid);

  const auto odd = decoded(with_hint(3, 2));
  REQUIRE(odd.has_value());
  CHECK(odd->branch_hints.empty());
  CHECK(decode::custom_sections(*odd, {}).error().kind == ErrorKind::Malformed);
}
