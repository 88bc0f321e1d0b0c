// Processors the target refuses.
#include "target/x64/target.hh"

#include <doctest/doctest.h>

using namespace trapeze;

TEST_CASE("a processor with all that selection takes for granted has the target") {
  auto found = x64::target_for({.sse41 = true, .popcnt = true});
  REQUIRE(found);
  CHECK(*found == &x64::target());
}

TEST_CASE("a processor without it is refused, and told what it lacks") {
  auto message = [](x64::CpuFeatures cpu) {
    auto found = x64::target_for(cpu);
    REQUIRE(!found);
    CHECK(found.error().kind == ErrorKind::Unsupported);
    return found.error().message;
  };
  CHECK(message({.sse41 = false, .popcnt = true}) == "this processor lacks SSE4.1, which Trapeze needs on x86-64");
  CHECK(message({.sse41 = true, .popcnt = false}) == "this processor lacks POPCNT, which Trapeze needs on x86-64");
  CHECK(message({}) == "this processor lacks SSE4.1 and POPCNT, which Trapeze needs on x86-64");
}
