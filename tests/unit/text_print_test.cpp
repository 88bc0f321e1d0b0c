// Module -> text: what is printed, and that it reads back as itself.
#include "decode/decode.hh"
#include "text/text.hh"

#include <doctest/doctest.h>

#include <memory>

using namespace trapeze;

namespace {

std::string printed(std::string_view source) {
  wasm::Features features;
  features.set(wasm::Feature::CustomPageSizes, true);
  auto assembled = text::assemble(source, features);
  if (!assembled)
    FAIL(assembled.error().message);
  auto module = decode::module(std::make_shared<const std::vector<u8>>(std::move(assembled->bytes)), features);
  if (!module)
    FAIL(module.error().message);
  return text::print(*module);
}

/// Checks the fixed point and returns the text.
std::string stable(std::string_view source) {
  std::string once = printed(source);
  CHECK(printed(once) == once);
  return once;
}

bool has(const std::string &text, std::string_view part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE("names become identifiers where they can") {
  std::string text =
      stable("(module $m (func $f (@name \"g\")) (func (@name \"g\") call 1) (func $\"a b\" call 0 call 2))");
  CHECK(has(text, "(func $g (;0;)"));
  CHECK(has(text, "(func (@name \"g\") (;1;)"));
  CHECK(has(text, "call 1"));
  CHECK(has(text, "call $\"a b\""));
}

TEST_CASE("labels that are hidden are written as numbers") {
  std::string text = stable("(func block $a block $a br 0 br 1 end end)");
  CHECK(has(text, "br $a\n        br 1"));
}

TEST_CASE("constants keep their bits") {
  std::string text = stable("(func f32.const -nan:0x1 drop f64.const 0.1 drop f32.const -0 drop f64.const -inf drop"
                            " i64.const -9223372036854775808 drop v128.const i64x2 1 -1 drop)");
  CHECK(has(text, "f32.const -nan:0x1"));
  CHECK(has(text, "f64.const 0.1"));
  CHECK(has(text, "f32.const -0\n"));
  CHECK(has(text, "f64.const -inf"));
  CHECK(has(text, "v128.const i32x4 0x00000001 0x00000000 0xffffffff 0xffffffff"));
}

TEST_CASE("everything a module can hold") {
  stable(R"((module
    (type $v (func)) (rec (type $s (sub (struct (field $x (mut i8)) (field i64)))) (type (sub final $s (struct (field (mut i8)) (field i64) (field (ref null $s))))))
    (type $a (array (mut f32)))
    (import "m" "f" (func $imp (param $p i32) (param i64))) (import "m" "g" (global $g (mut externref)))
    (import "m" "t" (table i64 1 2 (ref null $v))) (import "m" "mem" (memory $m0 i64 1 2)) (import "m" "tag" (tag $e (param i32)))
    (table $t 3 funcref (ref.null func)) (memory 1 2 shared) (memory 0 (pagesize 1))
    (global $h (ref $v) (ref.func $f)) (global i32 (i32.add (i32.const 1) (i32.const 2)))
    (export "f" (func $f)) (export "\00\u{1F600}" (memory 1)) (start $f)
    (elem $el (table $t) (offset (i32.const 0)) funcref (item ref.func $f) (item ref.null nofunc))
    (elem declare func $f) (elem func) (elem (ref null $v) (ref.func $f))
    (data $d "\00\ff\"\\text") (data (memory 1) (i32.const 0) "x")
    (func $f (type $v) (local $l i32) (local i64)
      block $out (result i32 exnref) try_table (catch_ref $e $out) (catch_all 0) unreachable end unreachable end throw_ref)
    (func (param (ref null $s)) (result i32) (struct.get_s $s $x (local.get 0)))
    (func (result (ref $a)) (array.new_data 3 $d (i32.const 0) (i32.const 1)))
    (func try $legacy i32.const 1 throw $e catch $e drop catch_all rethrow $legacy end try delegate 0)
    (func (param anyref) (result i31ref) block $b (result i31ref) local.get 0 br_on_cast $b anyref i31ref drop ref.null i31 end)
    (func (i32.const 0) (i32.const 1) (table.init $t $el (i32.const 2)) (memory.copy 1 1 (i32.const 0) (i32.const 1) (i32.const 2)))
    (@custom "c" (after type) "abc") (@custom "d" (before first)) (@custom "e" "\00")
  ))");
}

TEST_CASE("branch hints") {
  std::string text = stable("(func (param i32) (local.get 0) (@metadata.code.branch_hint \"\\01\") (if (then)) "
                            "(@metadata.code.branch_hint \"\\00\") (br_if 0 (local.get 0)))");
  CHECK(has(text, "(@metadata.code.branch_hint \"\\01\")\n    if"));
  CHECK(has(text, "(@metadata.code.branch_hint \"\\00\")\n    br_if 0"));
}

TEST_CASE("custom sections name a place that exists") {
  // `after global` of a module without globals moves to the last section before it that there is.
  CHECK(has(stable("(func) (@custom \"x\" (after global) \"1\")"), "(@custom \"x\" (after func) \"1\")"));
  CHECK(has(stable("(@custom \"x\" (after global) \"1\")"), "(before first)"));
}
