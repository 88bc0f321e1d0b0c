// The map from pc to image: code where it stands (linked objects) beside reserved regions. Each case has a map of its
// own: one never shrinks.
#include "unwind/code_map.hh"

#include <doctest/doctest.h>

#include <memory>
#include <vector>

using namespace trapeze;
using namespace trapeze::unwind;

namespace {

/// Too large for the stack.
std::unique_ptr<CodeMap> new_map() { return std::make_unique<CodeMap>(); }

} // namespace

TEST_CASE("code in place is found from its first byte to its last") {
  auto map = new_map();
  LoadedImage image;
  REQUIRE(map->publish_in_place(&image, 0x12345, 0x101));
  CHECK(map->find(0x12344) == nullptr);
  CHECK(map->find(0x12345) == &image);
  CHECK(map->find(0x12345 + 0x100) == &image);
  CHECK(map->find(0x12345 + 0x101) == nullptr);
  REQUIRE(map->withdraw_in_place(&image));
  CHECK(map->find(0x12345) == nullptr);
  CHECK(!map->withdraw_in_place(&image));
}

TEST_CASE("a place is one image's at a time, and used again") {
  auto map = new_map();
  LoadedImage first, second;
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(map->publish_in_place(&first, 0x1000, 0x100));
    CHECK(!map->publish_in_place(&second, 0x1000, 0x100));
    REQUIRE(map->withdraw_in_place(&first));
  }
  REQUIRE(map->publish_in_place(&second, 0x1000, 0x100));
  CHECK(map->find(0x1080) == &second);
}

TEST_CASE("a library that is gone does not hide one that stands there now") {
  auto map = new_map();
  LoadedImage gone, now;
  REQUIRE(map->publish_in_place(&gone, 0x1000, 0x1000));
  REQUIRE(map->withdraw_in_place(&gone));
  REQUIRE(map->publish_in_place(&now, 0x1800, 0x1000));
  CHECK(map->find(0x1801) == &now);
  CHECK(map->find(0x1000) == nullptr);
}

TEST_CASE("what is in place takes no region away from what is loaded") {
  auto map = new_map();
  std::vector<LoadedImage> images(CodeMap::max_in_place + 1);
  for (u32 i = 0; i < CodeMap::max_in_place; ++i)
    REQUIRE(map->publish_in_place(&images[i], 0x1000 * (i + 1), 0x1000));
  CHECK(!map->publish_in_place(&images.back(), 0x1000000, 0x1000)); // the runtime copies it
  for (u32 i = 0; i < CodeMap::max_in_place; ++i)
    CHECK(map->find(0x1000 * (i + 1) + i) == &images[i]);
  Region *region = map->add_region(u64{1} << 40, u64{1} << 20);
  REQUIRE(region != nullptr);
  map->publish(*region, &images.back(), region->base, u64{1} << granule_log2);
  CHECK(map->find(region->base + 5) == &images.back());
  delete[] region->granules; // the process's map keeps them
}
