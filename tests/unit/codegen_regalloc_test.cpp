// The allocator under its checker on thousands of random functions; the checker under broken allocations; growth.
#include "codegen/print.hh"
#include "codegen/regalloc/regalloc.hh"
#include "codegen_random_function.hh"

#include <ctime>
#include <doctest/doctest.h>
#include <string>

using namespace trapeze;
using namespace trapeze::codegen;
using testing::RandomFunction;
using testing::small_file;

namespace {

void check_seeds(u32 first, u32 count, u32 budget, AllocationMode mode) {
  Workspace ws;
  Allocation a;
  for (u32 seed = first; seed < first + count; ++seed) {
    MFunction m = RandomFunction(seed, budget).build();
    allocate(m, small_file, ws, a, mode);
    auto wrong = check(m, small_file, a);
    INFO("seed ", seed, " budget ", budget, ": ", wrong.value_or(""));
    if (wrong)
      MESSAGE(print(m, &a, print_generic));
    REQUIRE(!wrong);
  }
}

/// What is wrong after `mutate` returned true (it found something to break).
template <typename F> void count_caught(F &&mutate, u32 &caught, u32 &tried) {
  Workspace ws;
  Allocation a;
  for (u32 seed = 1; seed <= 200; ++seed) {
    MFunction m = RandomFunction(seed, 60).build();
    allocate(m, small_file, ws, a);
    std::mt19937 random(seed);
    if (!mutate(m, a, random))
      continue;
    ++tried;
    bool found = check(m, small_file, a).has_value();
    caught += found ? 1 : 0;
  }
}

} // namespace

TEST_CASE("random functions: full mode") {
  check_seeds(1, 1500, 12, AllocationMode::Full);
  check_seeds(10'000, 1500, 60, AllocationMode::Full);
  check_seeds(20'000, 300, 300, AllocationMode::Full);
  check_seeds(30'000, 20, 3000, AllocationMode::Full);
}

TEST_CASE("random functions: one pass") {
  check_seeds(1, 1500, 12, AllocationMode::OnePass);
  check_seeds(10'000, 1500, 60, AllocationMode::OnePass);
  check_seeds(20'000, 300, 300, AllocationMode::OnePass);
  check_seeds(30'000, 20, 3000, AllocationMode::OnePass);
}

TEST_CASE("random functions: simple mode") {
  check_seeds(1, 300, 12, AllocationMode::Simple);
  check_seeds(10'000, 500, 60, AllocationMode::Simple);
  check_seeds(20'000, 50, 500, AllocationMode::Simple);
}

TEST_CASE("a dropped edit is found") {
  u32 caught = 0, tried = 0;
  count_caught(
      [](const MFunction &, Allocation &a, std::mt19937 &random) {
        if (a.edits.empty())
          return false;
        a.edits.erase(a.edits.begin() + random() % a.edits.size());
        return true;
      },
      caught, tried);
  CHECK(tried > 150);
  CHECK(caught * 100 >= tried * 80); // the rest moved something nobody reads
}

TEST_CASE("an operand in another place is found") {
  u32 caught = 0, tried = 0;
  count_caught(
      [](const MFunction &m, Allocation &a, std::mt19937 &random) {
        for (u32 tries = 0; tries < 100; ++tries) {
          u32 k = random() % a.operands.size();
          if (!a.operands[k].is_reg() || class_of(a.operands[k].preg()) != RegClass::Int ||
              m.operands[k].role != Role::Use)
            continue;
          a.operands[k] = Place::reg(int_reg((hw(a.operands[k].preg()) + 1) % 6));
          return true;
        }
        return false;
      },
      caught, tried);
  CHECK(tried > 150);
  CHECK(caught * 100 >= tried * 95);
}

TEST_CASE("an edit to another slot is found") {
  u32 caught = 0, tried = 0;
  count_caught(
      [](const MFunction &, Allocation &a, std::mt19937 &random) {
        for (u32 tries = 0; tries < 100 && a.spill_slots.size() > 1 && !a.edits.empty(); ++tries) {
          Edit &e = a.edits[random() % a.edits.size()];
          if (!e.from.is_slot())
            continue;
          e.from.index = static_cast<u32>((e.from.index + 1) % a.spill_slots.size());
          return true;
        }
        return false;
      },
      caught, tried);
  CHECK(tried > 100);
  CHECK(caught * 100 >= tried * 75); // the rest loaded something nobody reads
}

TEST_CASE("a reference missing in a safepoint row is found where it is read again") {
  u32 caught = 0, tried = 0;
  count_caught(
      [](const MFunction &, Allocation &a, std::mt19937 &) {
        if (a.safepoints.empty())
          return false;
        a.safepoints.clear();
        return true;
      },
      caught, tried);
  CHECK(tried > 50);
  CHECK(caught * 100 >= tried * 80);
}

TEST_CASE("long functions take time in proportion") {
  Workspace ws;
  Allocation a;
  for (u32 budget : {10'000u, 100'000u}) {
    MFunction m = RandomFunction(7, budget, 99).build();
    for (AllocationMode mode : {AllocationMode::Full, AllocationMode::OnePass}) {
      std::clock_t start = std::clock(); // of this process: other load does not count
      allocate(m, small_file, ws, a, mode);
      double taken = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
      MESSAGE(budget, " instructions, ", m.vregs.size(), " values: ", taken, " s, ", a.edits.size(), " edits");
      CHECK(taken < 10); // about 1 s in release; quadratic would be minutes
    }
  }
}
