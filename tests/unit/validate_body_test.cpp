// Bodies: the place and text of errors, unreachable code, what sinks are told.
#include "decode/decode.hh"
#include "module_bytes.hh"
#include "validate/validate.hh"

#include <doctest/doctest.h>
#include <string>

using namespace trapeze;
using namespace trapeze::test;
using wasm::Feature;
using wasm::Features;
using wasm::Opcode;

namespace {

const Bytes nothing = {0x60, 0, 0}, to_i32 = {0x60, 0, 1, 0x7f}, i32_to_i32 = {0x60, 1, 0x7f, 1, 0x7f};

/// Offset of the code of one_function's body in the module, `locals` bytes of declarations skipped.
u64 code_offset(const Bytes &type, u64 locals = 1) { return 8 + (3 + type.size()) + 4 + 4 + locals; }

Result<void> checked(const Bytes &sections, const Features &features = {}) {
  auto m = decode::module(module_of(sections), features);
  if (!m)
    return std::unexpected(m.error());
  return validate::everything(*m, features);
}

Error error(const Bytes &sections, const Features &features = {}) {
  const auto result = checked(sections, features);
  REQUIRE_FALSE(result.has_value());
  return result.error();
}

} // namespace

TEST_CASE("a mismatch points at the operator that produced the value") {
  const Error e = error(one_function(to_i32, {0, 0x42, 1, 0x0b}));
  CHECK(e.kind == ErrorKind::Invalid);
  CHECK(e.message == "type mismatch: expected i32, found i64");
  CHECK(e.offset == code_offset(to_i32));

  // i32.const 1; f32.const 0; i64.const 2; drop; i32.add
  const Error add = error(one_function(to_i32, {0, 0x41, 1, 0x43, 0, 0, 0, 0, 0x42, 2, 0x1a, 0x6a, 0x0b}));
  CHECK(add.message == "type mismatch: expected i32, found f32");
  CHECK(add.offset == code_offset(to_i32) + 2);
}

TEST_CASE("a missing value is reported where it is missed, a surplus one where it was made") {
  const Error missing = error(one_function(to_i32, {0, 0x41, 1, 0x6a, 0x0b}));
  CHECK(missing.message == "type mismatch: i32.add expects i32, but the stack is empty");
  CHECK(missing.offset == code_offset(to_i32) + 2);
  const Error surplus = error(one_function(nothing, {0, 0x41, 1, 0x0b}));
  CHECK(surplus.message == "type mismatch: 1 value left on the stack at the end of the block");
  CHECK(surplus.offset == code_offset(nothing));
}

TEST_CASE("operands of an outer block are out of reach") {
  // i32.const 1; block; drop; end; drop
  CHECK_FALSE(checked(one_function(nothing, {0, 0x41, 1, 0x02, 0x40, 0x1a, 0x0b, 0x1a, 0x0b})).has_value());
}

TEST_CASE("code after a branch is polymorphic, but not without rules") {
  CHECK(checked(one_function(to_i32, {0, 0x00, 0x6a, 0x0b})).has_value());                // unreachable; i32.add
  CHECK(checked(one_function(to_i32, {0, 0x00, 0xd1, 0x0b})).has_value());                // unreachable; ref.is_null
  CHECK(checked(one_function(to_i32, {0, 0x00, 0x1b, 0x0b})).has_value());                // unreachable; select
  CHECK_FALSE(checked(one_function(to_i32, {0, 0x00, 0x42, 1, 0x6a, 0x0b})).has_value()); // ... i64.const; i32.add
  CHECK_FALSE(checked(one_function(to_i32, {0, 0x00, 0xd4, 0x0b})).has_value()); // ref.as_non_null gives no i32
  CHECK_FALSE(checked(one_function(nothing, {0, 0x00, 0xd4, 0x45, 0x1a, 0x0b})).has_value());
}

TEST_CASE("bodies end where they end") {
  CHECK(error(one_function(nothing, {0, 0x01})).kind == ErrorKind::Malformed);
  CHECK(error(one_function(nothing, {0, 0x0b, 0x0b})).kind == ErrorKind::Malformed);
  CHECK(error(one_function(nothing, {0, 0x05, 0x0b})).kind == ErrorKind::Malformed); // else without if
  CHECK(error(one_function(nothing, {0, 0xff, 0x0b})).message == "illegal opcode ff");
}

TEST_CASE("locals: counts, types, initialisation") {
  CHECK(error(one_function(nothing, {2, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x7f, 1, 0x7f, 0x0b})).message ==
        "too many locals");
  CHECK(error(one_function(nothing, {1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x7f, 0x0b})).kind == ErrorKind::Unsupported);
  CHECK(error(one_function(nothing, {0, 0x20, 0, 0x1a, 0x0b})).message == "unknown local 0");
  // (local (ref func)): block; unreachable; local.set 0; end; local.get 0
  const Bytes unset = {1, 1, 0x64, 0x70, 0x20, 0, 0x1a, 0x0b};
  CHECK(error(one_function(nothing, unset)).message == "uninitialized local 0");
  const Bytes set_inside = {1, 1, 0x64, 0x70, 0x02, 0x40, 0x00, 0x21, 0, 0x0b, 0x20, 0, 0x1a, 0x0b};
  CHECK(error(one_function(nothing, set_inside)).message == "uninitialized local 0");
}

TEST_CASE("br_table: labels agree in arity, each is checked") {
  // block (result i32): local.get 0; local.get 0; br_table 0 1; end
  CHECK(checked(one_function(i32_to_i32, {0, 0x02, 0x7f, 0x20, 0, 0x20, 0, 0x0e, 1, 0, 1, 0x0b, 0x0b})).has_value());
  CHECK_FALSE(checked(one_function(i32_to_i32, {0, 0x02, 0x40, 0x20, 0, 0x20, 0, 0x0e, 1, 0, 1, 0x0b, 0x20, 0, 0x0b}))
                  .has_value());
  CHECK(error(one_function(nothing, {0, 0x41, 0, 0x0e, 0, 1, 0x0b})).message == "unknown label 1");
}

TEST_CASE("exceptions, both forms") {
  const auto with_tag = [](const Bytes &body) {
    return section(1, Bytes{2} + to_i32 + Bytes{0x60, 1, 0x7f, 0}) + section(3, {1, 0}) + section(13, {1, 0, 1}) +
           section(10, Bytes{1} + sized(body));
  };
  // block (result i32): try_table (catch 0 0): i32.const 7; throw 0; end; unreachable; end
  CHECK(
      checked(with_tag({0, 0x02, 0x7f, 0x1f, 0x40, 1, 0, 0, 0, 0x41, 7, 0x08, 0, 0x0b, 0x00, 0x0b, 0x0b})).has_value());
  // catch_ref gives a reference too, which the label does not take
  CHECK_FALSE(
      checked(with_tag({0, 0x02, 0x7f, 0x1f, 0x40, 1, 1, 0, 0, 0x41, 7, 0x08, 0, 0x0b, 0x00, 0x0b, 0x0b})).has_value());
  // try (result i32): i32.const 1; catch 0: catch_all: rethrow 0; end
  CHECK(checked(with_tag({0, 0x06, 0x7f, 0x41, 1, 0x07, 0, 0x19, 0x09, 0, 0x0b, 0x0b})).has_value());
  // rethrow outside of a clause
  CHECK(error(with_tag({0, 0x06, 0x7f, 0x09, 0, 0x19, 0x41, 0, 0x0b, 0x0b})).message == "invalid rethrow label 0");
  // try (result i32): i32.const 1; delegate 0
  CHECK(checked(with_tag({0, 0x06, 0x7f, 0x41, 1, 0x18, 0, 0x0b})).has_value());
  CHECK(error(with_tag({0, 0x06, 0x7f, 0x41, 1, 0x18, 1, 0x0b})).message == "unknown label 1");

  Features features;
  features.set(Feature::LegacyExceptions, false);
  const Error e = error(with_tag({0, 0x06, 0x7f, 0x41, 1, 0x18, 0, 0x0b}), features);
  CHECK(e.kind == ErrorKind::Unsupported);
  CHECK(e.message == "legacy exception handling is disabled (--enable=legacy-exceptions)");
}

TEST_CASE("memory operators: alignment, offset, lanes") {
  const auto with_memory = [](const Bytes &code) {
    return section(1, Bytes{1} + nothing) + section(3, {1, 0}) + section(5, {1, 0, 1}) +
           section(10, Bytes{1} + sized(Bytes{0} + code + Bytes{0x0b}));
  };
  CHECK(checked(with_memory({0x41, 0, 0x28, 2, 0, 0x1a})).has_value());
  CHECK(error(with_memory({0x41, 0, 0x28, 3, 0, 0x1a})).message == "alignment must not be larger than natural");
  CHECK(error(with_memory({0x41, 0, 0x28, 2, 0x80, 0x80, 0x80, 0x80, 0x10, 0x1a})).message == "offset out of range");
  CHECK(error(with_memory({0x41, 0, 0x28, 0x42, 1, 0, 0x1a})).message == "unknown memory 1");
  CHECK(error(with_memory({0x41, 0, 0xfe, 0x10, 1, 0, 0x1a})).message == "atomic alignment must be natural");
  // v128.load8_lane with lane 15 and 16
  const auto lane = [&](u8 n) { return with_memory({0x41, 0, 0x41, 0, 0xfd, 0x0f, 0xfd, 0x54, 0, 0, n, 0x1a}); };
  CHECK(checked(lane(15)).has_value());
  CHECK(error(lane(16)).message == "invalid lane index 16");
}

TEST_CASE("constant expressions") {
  const auto global = [](const Bytes &expr) { return section(6, Bytes{1, 0x7f, 0} + expr + Bytes{0x0b}); };
  CHECK(checked(global({0x41, 1})).has_value());
  CHECK(checked(global({0x41, 1, 0x41, 2, 0x6a})).has_value());
  CHECK(error(global({0x41, 1, 0x67})).message == "constant expression required");
  CHECK(error(global({0x23, 0})).message == "unknown global 0");
  CHECK(error(global({0x42, 1})).message == "type mismatch: expected i32, found i64");
  Features features;
  features.set(Feature::ExtendedConst, false);
  CHECK(error(global({0x41, 1, 0x41, 2, 0x6a}), features).message ==
        "extended constant expressions is disabled (--enable=extended-const)");
}

TEST_CASE("sinks get locals once, then every operator with its types") {
  struct Log {
    std::string text;
    void locals(const validate::Locals &l) { text += std::to_string(l.types.size()) + ":"; }
    void op(const validate::Operator &o) {
      text += std::string(o.reachable ? " " : " -") + wasm::row(o.code).text;
      if (o.code == Opcode::LocalGet || o.code == Opcode::Drop)
        text += "<" + to_string(o.type) + ">";
      if (o.code == Opcode::Block || o.code == Opcode::End)
        text += "<" + std::to_string(o.params.size()) + "," + std::to_string(o.results.size()) + ">";
    }
  };
  // (local i64): block (result i32): local.get 0; br 0; drop; end
  const auto m = decode::module(
      module_of(one_function(i32_to_i32, {1, 1, 0x7e, 0x02, 0x7f, 0x20, 0, 0x0c, 0, 0x1a, 0x0b, 0x0b})), {});
  REQUIRE(m.has_value());
  Log log;
  REQUIRE(validate::body(*m, {}, 0, validate::OperatorSink(log)).has_value());
  CHECK(log.text == "2: block<0,1> local.get<i32> br -drop<any type> -end<0,1> end<0,1>");
}
