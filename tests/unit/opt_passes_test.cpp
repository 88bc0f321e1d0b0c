// Passes on functions written as text: what must stay, what must go, and that the result still verifies.
#include "ir/parse.hh"
#include "ir/print.hh"
#include "ir/verify.hh"
#include "opt/pipeline.hh"

#include <algorithm>
#include <doctest/doctest.h>
#include <string>

using namespace trapeze;
using namespace trapeze::ir;

namespace {

std::string optimised(const std::string &text, u32 level = 2) {
  Function fn;
  const auto result = parse(text, fn);
  if (!result)
    FAIL(result.error().message);
  REQUIRE(verify(fn) == "");
  fn.layout.clear();
  opt::run(fn, level);
  REQUIRE(verify(fn) == "");
  std::string out;
  print(fn, out);
  return out;
}

u32 count(const std::string &text, const std::string &what) {
  u32 n = 0;
  for (usize at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
    ++n;
  return n;
}

const std::string head = "function 0 sig0\n  sig0 = (i32, i32) -> (i32)\n  sig1 = () -> ()\n";

} // namespace

TEST_CASE("equal values: once where one dominates, twice where none does") {
  const std::string out = optimised(head + R"(block0(v0: i32, v1: i32):
  branch v0, block1, block2
block1:
  v2: i32 = mul v0, v1
  v3: i32 = mul v0, v1
  v4: i32 = add v2, v3
  jump block3(v4)
block2:
  v5: i32 = mul v0, v1
  jump block3(v5)
block3(v6: i32):
  v7: i32 = mul v0, v1
  v8: i32 = add v6, v7
  return v8
)");
  CHECK(count(out, "mul") == 3);
}

TEST_CASE("constants count as equal across blocks but stay in theirs") {
  const std::string out = optimised(head + R"(block0(v0: i32, v1: i32):
  v2: i32 = const 7
  v3: i32 = mul v0, v2
  branch v0, block1, block2
block1:
  v4: i32 = const 7
  v5: i32 = mul v0, v4
  v6: i32 = const 7
  v7: i32 = div_u v5, v6
  return v7
block2:
  return v3
)");
  CHECK(count(out, "mul") == 1);
  CHECK(count(out, "const 7") == 2);
}

TEST_CASE("lengths and globals: a call, a store or a join forgets them") {
  const auto load = [](u32 v, const char *alias) {
    return "  v" + std::to_string(v) + ": i32 = load v2+64, size 4, " + alias + "\n";
  };
  const auto body = [&](const std::string &between, const char *alias) {
    return optimised(head + "block0(v0: i32, v1: i32):\n  v2: i64 = instance\n" + load(3, alias) + between +
                     load(4, alias) + "  v5: i32 = add v3, v4\n  return v5\n");
  };
  CHECK(count(body("", "length"), "load") == 1);
  CHECK(count(body("", "global"), "load") == 1);
  CHECK(count(body("  call 1 sig1 ()\n", "length"), "load") == 2);
  CHECK(count(body("  call 1 sig1 ()\n", "global"), "load") == 2);
  CHECK(count(body("  call 1 sig1 ()\n", "fixed"), "load") == 1);
  CHECK(count(body("  store v2+128, v0, size 4, global\n", "global"), "load") == 2);
  CHECK(count(body("  store v2+128, v0, size 4, global\n", "length"), "load") == 1);
  CHECK(count(body("", "memory"), "load") == 1);
  CHECK(count(body("  call 1 sig1 ()\n", "memory"), "load") == 2);
  CHECK(count(body("  store v2+128, v0, size 1, memory\n", "memory"), "load") == 2);
  CHECK(count(body("  store v2+128, v0, size 4, global\n", "memory"), "load") == 1);
  CHECK(count(body("  store v2+64, v0, size 4, global\n", "global"), "load") == 1); // the second is what was stored
  CHECK(count(body("  store v2+64, v0, size 2, global\n", "global"), "load") == 2);
  CHECK(count(body("", "area"), "load") == 2);
}

TEST_CASE("where paths meet, a load counts if no path changes what it reads") {
  const auto diamond = [&](const std::string &arm) {
    return count(optimised(head + R"(block0(v0: i32, v1: i32):
  v2: i64 = instance
  v3: i32 = load v2+64, size 4, global
  branch v0, block1, block2
block1:
)" + arm + R"(  jump block3
block2:
  jump block3
block3:
  v4: i32 = load v2+64, size 4, global
  v5: i32 = add v3, v4
  return v5
)"),
                 "load");
  };
  CHECK(diamond("  store v2+128, v1, size 4, memory\n") == 1);
  CHECK(diamond("  store v2+64, v1, size 4, global\n") == 2);
  CHECK(diamond("  call 1 sig1 ()\n") == 2);
}

TEST_CASE("a loop that changes nothing keeps what was loaded before it; what it reads leaves it") {
  const auto loop = [&](const std::string &inside, const std::string &before = "") {
    return optimised(head + R"(block0(v0: i32, v1: i32):
  v2: i64 = instance
)" + before + R"(  jump block1(v0)
block1(v3: i32):
  v4: i32 = load v2+64, size 4, global
  v6: i32 = mul v1, v1
  v7: i32 = add v4, v6
  store v2+256, v7, size 4, memory
)" + inside + R"(  branch v7, block2, block3
block2:
  jump block1(v7)
block3:
  return v3
)");
  };
  const std::string before = "  v5: i32 = load v2+64, size 4, global\n  store v2+300, v5, size 4, memory\n";
  CHECK(count(loop("", before), "load") == 1);
  CHECK(count(loop("  store v2+128, v1, size 4, global\n", before), "load") == 2);
  CHECK(count(loop("  call 1 sig1 ()\n", before), "load") == 2);
  const std::string hoisted = loop(""), stays = loop("  store v2+128, v1, size 4, global\n"),
                    calls = loop("  call 1 sig1 ()\n");
  const auto stands_in_loop = [](const std::string &out, const char *what) {
    return out.find(what) > out.find("block1(");
  };
  CHECK_FALSE(stands_in_loop(hoisted, "load v2+64"));
  CHECK_FALSE(stands_in_loop(hoisted, "mul"));
  CHECK(stands_in_loop(stays, "load v2+64"));
  CHECK_FALSE(stands_in_loop(stays, "mul"));
  CHECK(stands_in_loop(calls, "load v2+64"));
  CHECK(stands_in_loop(calls, "mul"));
}

TEST_CASE("a pad stands for the call that throws to it: nothing is known of memory behind it") {
  const std::string out = optimised(head + R"(  region0: entry block0, catch_all -> block2
block0(v0: i32, v1: i32):
  v2: i64 = instance
  v3: i32 = load v2+64, size 4, global
  store v2+300, v3, size 4, memory
  jump block1
block1:
  call 1 sig1 () region0
  return v0
block2 pad cold:
  v4: i64 = instance
  v5: i32 = load v4+64, size 4, global
  return v5
)");
  CHECK(count(out, "load") == 2);
}

TEST_CASE("a word of the instance is loaded in front of a loop, unless the loop calls") {
  const auto loop = [](const std::string &inside) {
    return optimised(head + R"(block0(v0: i32, v1: i32):
  v2: i64 = instance
  jump block1(v0)
block1(v3: i32):
  v4: i64 = load v2+48, size 8, fixed
  v5: i32 = load v4, size 4, memory, trap MemoryOutOfBounds, keep
)" + inside + R"(  branch v5, block2, block3
block2:
  jump block1(v5)
block3:
  return v3
)");
  };
  const std::string hoisted = loop(""), kept = loop("  call 1 sig1 ()\n");
  CHECK(hoisted.find("fixed") < hoisted.find("block1("));
  CHECK(kept.find("fixed") > kept.find("block1("));
}

TEST_CASE("memory accesses, divisions and traps stay, used or not") {
  const std::string out = optimised(head + R"(block0(v0: i32, v1: i32):
  v2: i64 = extend_u v0
  v3: i32 = load v2, size 4, memory, trap MemoryOutOfBounds, keep
  v4: i32 = div_s v0, v1
  v5: i32 = mul v4, v4
  trap_if v1, NullReference
  trap_if v1, NullReference
  return v0
)");
  CHECK(count(out, "load") == 1);
  CHECK(count(out, "div_s") == 1);
  CHECK(count(out, "mul") == 0);
  CHECK(count(out, "trap_if") == 1);
}

const std::string region_head = head + R"(  sig2 = (i32) -> (ref)
  slot0: i32
  slot1: i32
  region0: entry block0, catch_ref 3 -> block3
  region1: parent region0, entry block1, catch_all -> block4
)";

TEST_CASE("a region no call reaches goes with its pads; its calls name the next one outward") {
  const std::string out = optimised(region_head + R"(block0(v0: i32, v1: i32):
  slot_store slot0, v0
  slot_store slot1, v1
  jump block1
block1:
  jump block2
block2:
  call 1 sig1 () region0
  return v0
block3 pad cold:
  v2: i32 = const 3
  v3: ref = call_builtin MakeExnref sig2 (v2)
  v4: i32 = slot_load slot1
  return v4
block4 pad cold:
  v5: i32 = slot_load slot0
  return v5
)");
  CHECK(out.find("region1") == std::string::npos);
  CHECK(out.find("catch 3 -> ") != std::string::npos); // no longer a _ref clause
  CHECK(count(out, "MakeExnref") == 0);
  CHECK(count(out, "slot_store slot0, v1") == 1); // slot1, renumbered
  CHECK(count(out, "slot_store") == 1);
}

TEST_CASE("a call inside a region that catches all does not reach outward") {
  const std::string out = optimised(region_head + R"(block0(v0: i32, v1: i32):
  jump block1
block1:
  jump block2
block2:
  call 1 sig1 () region1
  return v0
block3 pad cold:
  return v1
block4 pad cold:
  v5: i32 = const 4
  return v5
)");
  CHECK(out.find("region0") == std::string::npos);
  CHECK(out.find("catch_all -> block4") != std::string::npos);
}

TEST_CASE("nothing computed before a region is taken over into its pad") {
  const std::string out = optimised(head + R"(  region0: entry block0, catch_all -> block2
block0(v0: i32, v1: i32):
  v2: i64 = instance
  v3: i64 = load v2, size 8, fixed
  v4: i32 = load v3+8, size 4, area
  jump block1
block1:
  call 1 sig1 () region0
  return v4
block2 pad cold:
  v5: i64 = load v2, size 8, fixed
  v6: i32 = load v5+16, size 4, area
  return v6
)");
  CHECK(count(out, "fixed") == 2);
}

TEST_CASE("branches on constants, empty arms and chains of blocks go") {
  const std::string out = optimised(head + R"(block0(v0: i32, v1: i32):
  v2: i32 = const 1
  branch v2, block1, block2
block1:
  branch v0, block3, block4
block3:
  jump block5
block4:
  jump block5
block5:
  jump block6
block6:
  return v1
block2:
  trap Unreachable
)");
  CHECK(count(out, "block") == 1);
}

TEST_CASE("an endless loop of empty blocks stays one") {
  const std::string out = optimised(head + R"(block0(v0: i32, v1: i32):
  jump block1
block1:
  jump block2
block2:
  jump block1
)");
  CHECK(count(out, "jump") >= 1);
  CHECK(count(out, "return") == 0);
}

TEST_CASE("level 0 keeps values but drops what is not reached") {
  const std::string text = head + R"(block0(v0: i32, v1: i32):
  v2: i32 = mul v0, v1
  return v0
block1:
  trap Unreachable
)";
  CHECK(count(optimised(text, 0), "mul") == 1);
  CHECK(count(optimised(text, 0), "block") == 1);
  CHECK(count(optimised(text, 2), "mul") == 0);
}
