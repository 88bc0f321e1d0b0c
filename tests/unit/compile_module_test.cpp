// The linker and the parallel driver: layout of functions, calls between them, tables rebased, errors and bytes that do
// not depend on the number of threads.
#include "compile/compile.hh"
#include "compile/link.hh"
#include "decode/decode.hh"
#include "module_bytes.hh"

#include <cstring>
#include <doctest/doctest.h>

using namespace trapeze;
using test::Bytes;
using test::operator+;
using test::section;
using test::sized;

namespace {

/// Functions of type [] -> [], one per body (without locals and `end`).
wasm::Module module_with(const std::vector<Bytes> &bodies) {
  Bytes funcs{static_cast<u8>(bodies.size())}, code{static_cast<u8>(bodies.size())};
  for (const Bytes &body : bodies) {
    funcs.push_back(0);
    code = code + sized(Bytes{0} + body + Bytes{0x0b});
  }
  auto m = decode::module(test::module_of(section(1, {1, 0x60, 0, 0}) + section(3, funcs) + section(10, code)), {});
  REQUIRE(m.has_value());
  return std::move(*m);
}

compile::Options options(u32 threads) {
  compile::Options o;
  o.threads = threads;
  o.settings.verify = true;
  return o;
}

const Bytes calls_1{0x10, 1}, calls_0{0x10, 0}, nothing{}, adds_nothing{0x6a};

} // namespace

TEST_CASE("functions are aligned, and calls reach their function") {
  wasm::Module m = module_with({calls_1, calls_0, nothing});
  auto image = compile::module(m, options(1));
  REQUIRE(image.has_value());
  REQUIRE(image->functions.size() == 3);
  REQUIRE(image->calls.size() == 2);
  for (u32 f = 0; f < 3; ++f) {
    CHECK(image->functions[f].func == f);
    CHECK(image->functions[f].code_offset % 16 == 0);
  }
  for (u32 f = 0; f < 2; ++f) {
    const image::CallSiteRow &call = image->calls[f];
    CHECK(call.function == f);
    i32 displacement;
    std::memcpy(&displacement, image->code.data() + call.return_offset - 4, 4);
    CHECK(call.return_offset + static_cast<u32>(displacement) == image->functions[1 - f].code_offset);
    const image::ImageView view = *image;
    CHECK(view.find_call(call.return_offset) == &call);
    CHECK(view.find_call(call.return_offset + 1) == nullptr);
    CHECK(view.find_function(call.return_offset) == &image->functions[f]);
  }
}

TEST_CASE("tables of linked functions are rebased") {
  image::CompiledFunction f;
  f.code.assign(20, 0x90);
  f.code_size = 20;
  f.calls = {{5, 0, 0, 1}, {9, image::no_region, 0, 1}};
  f.regions = {{image::no_region, 0, 1}};
  f.clauses = {{3, 12, true}};
  f.ref_slots = {-24};
  f.traps = {{2, abi::TrapCode::Unreachable}};
  f.addresses = {{0, 100}, {7, 101}, {15, abi::inlined_position(1)}};
  f.inlined = {{7, 200, 101}, {8, 300, abi::inlined_position(0)}};
  std::vector<image::CompiledFunction> both{f, f};
  both[1].func = 1;
  both[1].regions[0].parent = 0;
  image::CodeImage image = compile::link(both, 0);
  CHECK(image.code.size() == 64);
  CHECK(image.functions[1].code_offset == 32);
  CHECK(image.calls[2].return_offset == 37);
  CHECK(image.calls[2].region == 1);
  CHECK(image.calls[2].function == 1);
  CHECK(image.calls[3].region == image::no_region);
  CHECK(image.calls[2].first_slot == 1);
  CHECK(image.regions[1].parent == 1);
  CHECK(image.regions[1].first_clause == 1);
  CHECK(image.clauses[1].pad == 44);
  const image::ImageView view = image;
  CHECK(view.find_trap(34) == &image.traps[1]);
  CHECK(view.find_trap(35) == nullptr);
  CHECK(view.wasm_offset(38) == 100);
  CHECK(view.wasm_offset(39) == 101);
  CHECK(view.wasm_offset(47) == 101); // 7 calls 8 there, and was itself called at 101
  const abi::InlinedPosition *inner = view.find_inlined(view.position(47));
  REQUIRE(inner == &image.inlined[3]);
  CHECK(inner->func == 8);
  CHECK(view.find_inlined(inner->caller) == &image.inlined[2]);
  CHECK(view.find_inlined(view.find_inlined(inner->caller)->caller) == nullptr);
  CHECK(view.find_function(31) == nullptr); // filler between functions
}

TEST_CASE("positions that a damaged file gives end") {
  image::CodeImage image;
  image.addresses = {{0, abi::inlined_position(1)}, {8, abi::inlined_position(7)}, {16, abi::inlined_position(2)}};
  image.inlined = {
      {1, 10, abi::inlined_position(1)}, {2, 20, abi::inlined_position(0)}, {3, 30, abi::inlined_position(2)}};
  const image::ImageView view = image;
  for (u32 offset : {0, 8, 16})
    CHECK(view.wasm_offset(offset) == abi::no_position);
}

TEST_CASE("the lowest function's error wins, and bytes are the same, for any number of threads") {
  std::vector<Bytes> bodies(20, calls_1);
  wasm::Module good = module_with(bodies);
  bodies[12] = bodies[5] = bodies[17] = adds_nothing;
  wasm::Module bad = module_with(bodies);
  auto one = compile::module(good, options(1));
  auto expected = compile::module(bad, options(1));
  REQUIRE(one.has_value());
  REQUIRE(!expected.has_value());
  for (u32 round = 0; round < 10; ++round) {
    auto many = compile::module(good, options(8));
    REQUIRE(many.has_value());
    CHECK(many->code == one->code);
    auto error = compile::module(bad, options(8));
    REQUIRE(!error.has_value());
    CHECK(error.error().offset == expected.error().offset);
    CHECK(error.error().message == expected.error().message);
  }
}
