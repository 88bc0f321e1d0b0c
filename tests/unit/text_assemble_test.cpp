// Text -> bytes: encodings, source positions, messages.
#include "text/script.hh"
#include "text/text.hh"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace trapeze;

namespace {

std::vector<u8> bytes_of(std::string_view source) {
  auto assembled = text::assemble(source, wasm::Features());
  if (!assembled)
    FAIL(assembled.error().message);
  return assembled->bytes;
}

bool contains(const std::vector<u8> &bytes, std::vector<u8> part) {
  return std::search(bytes.begin(), bytes.end(), part.begin(), part.end()) != bytes.end();
}

/// `LINE:COLUMN message`.
std::string error_of(std::string_view source) {
  auto assembled = text::assemble(source, wasm::Features());
  if (assembled)
    return "no error";
  text::Position at = text::position(source, assembled.error().offset);
  return std::to_string(at.line) + ":" + std::to_string(at.column) + " " + assembled.error().message;
}

} // namespace

TEST_CASE("folded and plain forms are the same bytes") {
  CHECK(bytes_of("(func (result i32) (i32.add (i32.const 1) (i32.const 2)))") ==
        bytes_of("(func (result i32) i32.const 1 i32.const 2 i32.add)"));
  CHECK(bytes_of("(func (param i32) (if (local.get 0) (then (nop)) (else (unreachable))))") ==
        bytes_of("(func (param i32) local.get 0 if nop else unreachable end)"));
  CHECK(bytes_of("(tag) (func (try (do (nop)) (catch 0 (rethrow 0)) (catch_all)))") ==
        bytes_of("(tag) (func try nop catch 0 rethrow 0 catch_all end)"));
  CHECK(bytes_of("(func (try (do (try (do) (delegate 0))) (catch_all)))") ==
        bytes_of("(func try try delegate 0 catch_all end)"));
}

TEST_CASE("memory 0 is written without a memory index") {
  std::string two = "(memory 1) (memory 1) (func ";
  CHECK(contains(bytes_of(two + "i32.const 0 i32.load offset=1 drop)"), {0x41, 0x00, 0x28, 0x02, 0x01}));
  CHECK(contains(bytes_of(two + "i32.const 0 i32.load 1 offset=1 drop)"), {0x41, 0x00, 0x28, 0x42, 0x01, 0x01}));
  CHECK(contains(bytes_of(two + "i32.const 0 i32.load align=1 drop)"), {0x41, 0x00, 0x28, 0x00, 0x00}));
}

TEST_CASE("a lone number of a lane access is the lane") {
  std::string head = "(memory 1) (memory 1) (func (param i32 v128) local.get 0 local.get 1 v128.store8_lane ";
  CHECK(contains(bytes_of(head + "3)"), {0xfd, 0x58, 0x00, 0x00, 0x03}));
  CHECK(contains(bytes_of(head + "1 3)"), {0xfd, 0x58, 0x40, 0x01, 0x00, 0x03}));
  CHECK(contains(bytes_of(head + "1 offset=5 3)"), {0xfd, 0x58, 0x40, 0x01, 0x05, 0x03}));
}

TEST_CASE("labels of catch clauses and delegate count from outside") {
  CHECK(contains(bytes_of("(tag $e) (func block $l try_table $t (catch $e $l) end end)"),
                 {0x02, 0x40, 0x1f, 0x40, 0x01, 0x00, 0x00, 0x00, 0x0b, 0x0b}));
  CHECK(error_of("(tag $e) (func try_table $t (catch $e $t) end)") == "1:39 unknown label $t");
}

TEST_CASE("inner labels hide outer ones until their end") {
  CHECK(contains(bytes_of("(func block $a block $a br $a end br $a end)"),
                 {0x02, 0x40, 0x02, 0x40, 0x0c, 0x00, 0x0b, 0x0c, 0x00, 0x0b}));
}

TEST_CASE("implicit types are appended in the order of their use, after the explicit ones") {
  // The block's type is met before the second function's.
  CHECK(bytes_of("(func (param i32) local.get 0 block (param i32) (result i64) drop i64.const 0 end drop)"
                 "(func (result f32) f32.const 0) (type (func))") ==
        bytes_of("(type (func)) (type (func (param i32))) (type (func (param i32) (result i64)))"
                 "(type (func (result f32)))"
                 "(func (type 1) local.get 0 block (type 2) drop i64.const 0 end drop)"
                 "(func (type 3) f32.const 0)"));
  // A type in a larger recursion group is not found by its shape.
  CHECK(contains(bytes_of("(rec (type (func)) (type (struct))) (func)"),
                 {0x01, 0x0b, 0x02, 0x4e, 0x02, 0x60, 0x00, 0x00, 0x5f, 0x00, 0x60}));
}

TEST_CASE("segments take the shortest form") {
  std::string head = "(table 1 funcref) (table 1 funcref) (func $f) ";
  CHECK(contains(bytes_of(head + "(elem (i32.const 0) $f)"), {0x09, 0x07, 0x01, 0x00, 0x41, 0x00, 0x0b, 0x01, 0x00}));
  CHECK(contains(bytes_of(head + "(elem (table 1) (i32.const 0) func $f)"),
                 {0x09, 0x09, 0x01, 0x02, 0x01, 0x41, 0x00, 0x0b, 0x00, 0x01, 0x00}));
  CHECK(contains(bytes_of(head + "(elem declare func $f)"), {0x09, 0x05, 0x01, 0x03, 0x00, 0x01, 0x00}));
  CHECK(contains(bytes_of(head + "(elem funcref (ref.func $f))"),
                 {0x09, 0x07, 0x01, 0x05, 0x70, 0x01, 0xd2, 0x00, 0x0b}));
}

TEST_CASE("errors say what and where") {
  CHECK(error_of("(module\n  (func\n    i32.bogus))") == "3:5 unknown operator i32.bogus");
  CHECK(error_of("(func (br $x))") == "1:11 unknown label $x");
  CHECK(error_of("(func $f) (func $f)") == "1:17 duplicate func $f");
  CHECK(error_of("(func (call $g))") == "1:13 unknown func $g");
  CHECK(error_of("(func block $a end $b)") == "1:20 mismatching label $b");
  CHECK(error_of("(func i32.const 0x1_0000_0000)") == "1:17 i32 constant out of range");
  CHECK(error_of("(memory 1) (import \"a\" \"b\" (func))") == "1:20 import after memory");
  CHECK(error_of("(func") == "1:1 unclosed parenthesis");
  CHECK(error_of("(func))") == "1:7 unexpected token )");
  CHECK(error_of("(data \"abc)") == "1:7 unclosed string");
  CHECK(error_of("(; (; ;)") == "1:1 unclosed comment");
  CHECK(error_of("(func (block end))") == "1:14 unexpected token end");
  CHECK(error_of("(func block (nop)") == "1:1 unclosed parenthesis");
  CHECK(error_of("(func (type 3) (param i32))") == "1:13 unknown type");
}

TEST_CASE("the source map leads back to the text") {
  std::string_view source = "(module (func (result i32) i64.const 1))";
  auto assembled = text::assemble(source, wasm::Features());
  REQUIRE(assembled);
  const std::vector<u8> constant = {0x42, 0x01, 0x0b};
  auto place = std::search(assembled->bytes.begin(), assembled->bytes.end(), constant.begin(), constant.end());
  u64 offset = static_cast<u64>(place - assembled->bytes.begin());
  CHECK(text::position(source, assembled->map.source_offset(offset)).column == 28);
  CHECK(assembled->map.source_offset(offset + 2) == source.find("))")); // the implicit end
}

TEST_CASE("positions") {
  text::Position at = text::position("ab\r\ncd\n", 5);
  CHECK(at.line == 2);
  CHECK(at.column == 2);
  CHECK(at.line_text == "cd");
  CHECK(text::position("ab\r\ncd\n", 1).line_text == "ab");
  CHECK(text::position("", 10).line == 1);
}

TEST_CASE("deep nesting needs no stack") {
  std::string folded, plain;
  constexpr int depth = 200'000;
  for (int i = 0; i < depth; ++i) {
    folded += "(block ";
    plain += "block ";
  }
  folded += std::string(depth, ')');
  for (int i = 0; i < depth; ++i)
    plain += "end ";
  CHECK(bytes_of("(func " + folded + ")") == bytes_of("(func " + plain + ")"));
}

TEST_CASE("scripts") {
  auto script = text::parse_script(R"script(
    (module $m (func (export "f") (result f32) (f32.const nan)))
    (assert_return (invoke $m "f" (ref.extern 3)) (f32.const nan:canonical))
    (assert_malformed (module quote "(func" " br)") "unexpected token")
    (module definition $d) (module instance $i $d)
    (register "x" $i))script");
  REQUIRE(script);
  REQUIRE(script->size() == 6);
  const auto &commands = *script;
  CHECK(commands[0].module.id == "m");
  CHECK(commands[1].action.module == "m");
  CHECK(commands[1].action.arguments[0].lanes[0] == 3);
  CHECK(commands[1].expected[0].match[0] == text::LaneMatch::CanonicalNan);
  CHECK(commands[2].module.contents == "(func  br)");
  CHECK(commands[3].module.is_definition);
  CHECK(commands[4].kind == text::CommandKind::Instance);
  CHECK(commands[4].of == "d");
  CHECK(commands[5].text == "x");
  CHECK(text::matches_lane(text::LaneMatch::ArithmeticNan, 32, 0, 0xffc00001));
  CHECK_FALSE(text::matches_lane(text::LaneMatch::CanonicalNan, 32, 0, 0xffc00001));
}

TEST_CASE("a script's error in a text module is an offset into the script") {
  std::string_view source = "(module)\n(module (func (br $x)))";
  auto script = text::parse_script(source);
  REQUIRE(script);
  auto assembled = text::assemble(source, (*script)[1].module, wasm::Features());
  REQUIRE_FALSE(assembled);
  CHECK(text::position(source, assembled.error().offset).line == 2);
  CHECK(text::position(source, assembled.error().offset).column == 19);
}

TEST_CASE("annotations are refused when they are off") {
  wasm::Features off;
  off.set(wasm::Feature::Annotations, false);
  auto assembled = text::assemble("(module (@x))", off);
  REQUIRE_FALSE(assembled);
  CHECK(assembled.error().kind == ErrorKind::Unsupported);
  CHECK(assembled.error().offset == 8);
  CHECK(text::assemble("(module)", off));
}
