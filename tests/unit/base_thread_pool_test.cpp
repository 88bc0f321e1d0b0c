// Every item is run exactly once, whatever the number of threads.
#include "base/thread_pool.hh"

#include <atomic>
#include <doctest/doctest.h>
#include <vector>

using namespace trapeze;

TEST_CASE("parallel_for runs each item once and names workers below the thread count") {
  for (const u32 threads : {1u, 2u, 8u}) {
    std::vector<std::atomic<u32>> runs(1000);
    std::atomic<u32> bad_workers = 0;
    base::parallel_for(1000, threads, [&](u32 item, u32 worker) {
      ++runs[item];
      bad_workers += worker >= threads;
    });
    u32 wrong = 0;
    for (const auto &count : runs)
      wrong += count != 1;
    CHECK(wrong == 0);
    CHECK(bad_workers == 0);
  }
}

TEST_CASE("parallel_for of nothing") {
  base::parallel_for(0, 4, [](u32, u32) { FAIL("there is no item"); });
}
