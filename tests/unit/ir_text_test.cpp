// print and parse are inverse; parse says what is wrong and where; verify refuses what breaks a rule.
#include "ir/parse.hh"
#include "ir/print.hh"
#include "ir/verify.hh"

#include <doctest/doctest.h>

using namespace trapeze;
using namespace trapeze::ir;

namespace {

/// Every format, a region with two clauses inside another one, home slots, a loop.
const std::string sample = R"(function 7 sig0
  sig0 = (i32, i64, ref) -> (i32, f64)
  sig1 = (i32) -> ()
  sig2 = () -> (i32, f64)
  sig3 = (i32) -> (ref)
  slot0: i32
  slot1: ref
  region0: entry block0, catch_all -> block9
  region1: parent region0, entry block1, catch 2 -> block7, catch_all_ref -> block8
block0(v0: i32, v1: i64, v2: ref):
  v3: i64 = instance
  slot_store slot0, v0
  slot_store slot1, v2
  jump block1
block1:
  jump block2(v0)
block2(v4: i32):
  v5: i32 = const -1
  v6: i32 = add v4, v5
  slot_store slot0, v6
  v7: i32 = icmp lt_u v6, v5
  branch v7, block3, block4 likely
block3:
  v8: i64 = load v3+16, size 8, fixed
  v9: i64 = extend_u v6
  v10: i64 = add v8, v9
  v11: i32 = load v10+4, size 1, memory, signed, trap MemoryOutOfBounds, keep
  store v10, v11, size 2, memory, trap MemoryOutOfBounds, keep
  v12: i32 = call 3 sig2 () region1
  v13: f64 = proj v12, 1
  v14: f64 = const 0x3ff0000000000000
  v15: i32 = fcmp le v13, v14
  v16: i32 = select v15, v12, v11
  switch v16, block5, block6, block5
block5:
  jump block2(v16)
block6:
  trap_if v16, NullReference
  v17: ref = const 0x0
  v18: i32 = icmp eq v17, v2
  call_builtin Throw sig1 (v18) region1
  unreachable Unreachable
block4:
  v19: f64 = convert_s v1
  return v6, v19
block7 pad cold:
  v20: i32 = slot_load slot0
  v21: i64 = load v3+56, size 8, fixed
  v22: i64 = load v3+48, size 8, fixed
  v23: i32 = call_ptr sig2 (v21, v22) region0
  v24: f64 = proj v23, 1
  return v20, v24
block8 pad cold:
  v25: i32 = const -1
  v26: ref = call_builtin MakeExnref sig3 (v25)
  return_call_ptr sig0 (v3, v3, v25, v1, v26) aux 1
block9 pad cold:
  trap IntegerOverflow
)";

std::string parsed(const std::string &text, Function &fn) {
  const auto result = parse(text, fn);
  return result ? "" : result.error().message;
}

std::string replaced(std::string text, const std::string &from, const std::string &to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::string verified(const std::string &text) {
  Function fn;
  REQUIRE(parsed(text, fn) == "");
  return verify(fn);
}

} // namespace

TEST_CASE("what is printed parses back to the same text") {
  Function fn;
  REQUIRE(parsed(sample, fn) == "");
  CHECK(verify(fn) == "");
  std::string text;
  print(fn, text);
  CHECK(text == sample);
}

TEST_CASE("parse names the fault and its place") {
  Function fn;
  const auto error = [&](const std::string &text) {
    const auto result = parse(text, fn);
    REQUIRE_FALSE(result.has_value());
    return result.error();
  };
  CHECK(error("function").message == "expected a number");
  CHECK(error("function 0 sig0\nblock0:\n  return").message == "the function's signature is missing");
  CHECK(error(replaced(sample, "fcmp le", "fcmp lee")).message == "`lee` is no condition");
  CHECK(error(replaced(sample, "add v4", "plus v4")).message == "there is no operation `plus`");
  CHECK(error(replaced(sample, "v6: i32 = add", "v5: i32 = add")).message == "v5 is defined twice");
  const std::string bad = replaced(sample, "NullReference", "NullPointer");
  CHECK(error(bad).offset == bad.find("NullPointer") + 11);
}

TEST_CASE("parse survives every prefix of a function") {
  Function fn;
  const usize first_block = sample.find("block0(");
  for (usize n = 0; n < sample.size(); ++n) {
    const bool parses = parse(std::string_view(sample).substr(0, n), fn).has_value();
    CHECK_FALSE((parses && n < first_block));
  }
}

TEST_CASE("verify refuses") {
  const auto refuses = [](const std::string &from, const std::string &to, const std::string &why) {
    const std::string message = verified(replaced(sample, from, to));
    INFO(message);
    CHECK(message.find(why) != std::string::npos);
  };
  SUBCASE("a use that is not dominated") { refuses("return v6, v19", "return v16, v19", "does not dominate"); }
  SUBCASE("operands of two types") { refuses("add v4, v5", "add v4, v1", "types differ"); }
  SUBCASE("an argument too few") { refuses("jump block2(v16)", "jump block2", "arguments"); }
  SUBCASE("an argument of another type") { refuses("jump block2(v16)", "jump block2(v1)", "wrong type"); }
  SUBCASE("a pad with another predecessor") { refuses("jump block2(v16)", "jump block9", "pad"); }
  SUBCASE("a result that is missing") { refuses("  v13: f64 = proj v12, 1\n", "  v13: f64 = const 0x0\n", "missing"); }
  SUBCASE("a load of a slot that was not stored") {
    refuses("  slot_store slot0, v0\n", "", "may not have been stored");
  }
  SUBCASE("a slot's type") { refuses("slot_load slot0", "slot_load slot1", "another type"); }
  SUBCASE("a pad that uses what its region's entry does not have") {
    refuses("return v20, v24", "return v4, v24", "does not dominate");
  }
  SUBCASE("a tail call in a region") { refuses(" aux 1", " region0 aux 1", "tail call"); }
  SUBCASE("results of another type") { refuses("return v6, v19", "return v6, v6", "wrong type"); }
  SUBCASE("an address that is no i64") { refuses("load v10+4", "load v6+4", "wrong type"); }
}

TEST_CASE("a branch to a block with another predecessor is critical") {
  const std::string text = R"(function 0 sig0
  sig0 = (i32) -> ()
block0(v0: i32):
  branch v0, block2, block1
block1:
  jump block2
block2:
  return
)";
  CHECK(verified(text).find("critical") != std::string::npos);
}
