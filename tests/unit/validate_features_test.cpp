// Each proposal on and off: a module that needs it is valid, or refused by name.
#include "decode/decode.hh"
#include "module_bytes.hh"
#include "validate/validate.hh"

#include <doctest/doctest.h>

using namespace trapeze;
using namespace trapeze::test;
using wasm::Feature;
using wasm::Features;

namespace {

const Bytes nothing = {0x60, 0, 0};

/// A function of no parameters and results over a memory and a table of two pages and elements each.
Bytes code(const Bytes &instructions) {
  return section(1, Bytes{1} + nothing) + section(3, {1, 0}) + section(4, {1, 0x70, 0, 2}) + section(5, {1, 1, 2, 2}) +
         section(10, Bytes{1} + sized(Bytes{0} + instructions + Bytes{0x0b}));
}

Bytes imported(const Bytes &item) {
  return section(1, Bytes{1} + nothing) + section(2, Bytes{1} + name("m") + name("n") + item);
}

struct Case {
  Feature feature;
  const char *what;
  Bytes sections;
};

const Case cases[] = {
    {Feature::MutableGlobals, "import of a mutable global", imported({3, 0x7f, 1})},
    {Feature::MutableGlobals, "export of one", section(6, {1, 0x7f, 1, 0x41, 0, 0x0b}) + section(7, {1, 0, 3, 0})},
    {Feature::SignExtension, "i32.extend8_s", code({0x41, 0, 0xc0, 0x1a})},
    {Feature::SaturatingConversions, "i32.trunc_sat_f32_s", code({0x43, 0, 0, 0, 0, 0xfc, 0, 0x1a})},
    {Feature::MultiValue, "two results", section(1, {1, 0x60, 0, 2, 0x7f, 0x7f})},
    {Feature::MultiValue, "a block of a function type", code({0x02, 0, 0x0b})},
    {Feature::BulkMemory, "memory.fill", code({0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 11, 0})},
    {Feature::BulkMemory, "a passive data segment", section(11, {1, 1, 0})},
    {Feature::ReferenceTypes, "table.size", code({0xfc, 16, 0, 0x1a})},
    {Feature::ReferenceTypes, "externref", section(1, {1, 0x60, 1, 0x6f, 0})},
    {Feature::ReferenceTypes, "two tables", section(4, {2, 0x70, 0, 1, 0x70, 0, 1})},
    {Feature::Simd, "v128.const and a v128", code(Bytes{0xfd, 12} + Bytes(16, 0) + Bytes{0x1a})},
    {Feature::Simd, "the type v128", section(1, {1, 0x60, 1, 0x7b, 0})},
    {Feature::RelaxedSimd, "i8x16.relaxed_swizzle", code({0x00, 0xfd, 0x80, 0x02, 0x1a})},
    {Feature::TailCalls, "return_call", code({0x12, 0})},
    {Feature::FunctionReferences, "(ref null 0)", section(1, Bytes{2} + nothing + Bytes{0x60, 1, 0x63, 0, 0})},
    {Feature::FunctionReferences, "ref.as_non_null", code({0x00, 0xd4, 0x1a})},
    {Feature::Gc, "a structure", section(1, {1, 0x5f, 0})},
    {Feature::Gc, "anyref", section(1, {1, 0x60, 1, 0x6e, 0})},
    {Feature::Gc, "ref.i31", code({0x41, 0, 0xfb, 28, 0x1a})},
    {Feature::MultiMemory, "two memories", section(5, {2, 0, 1, 0, 1})},
    {Feature::Memory64, "a 64-bit memory", section(5, {1, 4, 1})},
    {Feature::Memory64, "a 64-bit table", section(4, {1, 0x70, 4, 1})},
    {Feature::ExtendedConst, "an addition", section(6, {1, 0x7f, 0, 0x41, 0, 0x41, 0, 0x6a, 0x0b})},
    {Feature::Exceptions, "try_table", code({0x1f, 0x40, 0, 0x0b})},
    {Feature::Exceptions, "exnref", section(1, {1, 0x60, 1, 0x69, 0})},
    {Feature::LegacyExceptions, "try", code({0x06, 0x40, 0x0b})},
    {Feature::Threads, "a shared memory", section(5, {1, 3, 1, 1})},
    {Feature::Threads, "atomic.fence", code({0xfe, 3, 0})},
    {Feature::WideArithmetic, "i64.mul_wide_s", code({0x42, 0, 0x42, 0, 0xfc, 21, 0x1a, 0x1a})},
    {Feature::CustomPageSizes, "pages of one byte", section(5, {1, 8, 1, 0})},
};

Result<void> checked(const Bytes &sections, const Features &features) {
  auto m = decode::module(module_of(sections), features);
  if (!m)
    return std::unexpected(m.error());
  return validate::everything(*m, features);
}

} // namespace

TEST_CASE("a module that needs a feature is valid with it and refused by name without") {
  for (const Case &c : cases) {
    CAPTURE(c.what);
    Features features;
    features.set(c.feature, true);
    const auto with = checked(c.sections, features);
    CHECK_MESSAGE(with.has_value(), (with ? "" : with.error().message));
    features.set(c.feature, false);
    const auto without = checked(c.sections, features);
    REQUIRE_FALSE(without.has_value());
    CHECK(without.error().message.find(wasm::disabled_message(c.feature)) != std::string::npos);
    // Limits flags of a proposal that is off are malformed to the core specification, too.
    CHECK(without.error().kind ==
          (c.feature == Feature::CustomPageSizes ? ErrorKind::Malformed : ErrorKind::Unsupported));
  }
}

TEST_CASE("branch hints are read if the feature is on") {
  const Bytes hints = name("metadata.code.branch_hint") + Bytes{1, 0, 1, 3, 1, 1};
  const Bytes body = {0, 0x41, 0, 0x04, 0x40, 0x0b, 0x0b}; // i32.const 0, if at 3
  const Bytes sections =
      section(1, Bytes{1} + nothing) + section(3, {1, 0}) + section(0, hints) + section(10, Bytes{1} + sized(body));
  struct Hints {
    int hinted = 0;
    void locals(const validate::Locals &) {}
    void op(const validate::Operator &o) {
      if (o.code == wasm::Opcode::If)
        hinted += o.hinted && o.likely;
    }
  };
  for (const bool on : {true, false}) {
    Features features;
    features.set(Feature::BranchHints, on);
    const auto m = decode::module(module_of(sections), features);
    REQUIRE(m.has_value());
    Hints sink;
    REQUIRE(validate::body(*m, features, 0, validate::OperatorSink(sink)).has_value());
    CHECK(sink.hinted == (on ? 1 : 0));
  }
}
