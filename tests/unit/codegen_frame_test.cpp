#include "codegen/frame.hh"
#include "codegen_random_function.hh"

#include <doctest/doctest.h>

using namespace trapeze;
using namespace trapeze::codegen;

TEST_CASE("frame: the header's example") {
  static constexpr RegisterFile file{
      {}, {}, bit(PReg{3}) | bit(PReg{12}) | bit(PReg{14}) | bit(PReg{15}), PReg{11}, PReg{47}};
  MFunction m;
  m.needs_instance_slot = true;
  Allocation a;
  a.used = bit(PReg{3}) | bit(PReg{14}) | bit(PReg{0});
  a.spill_slots = {{8, false}, {4, true}};
  layout_frame(m, file, a);
  CHECK(a.frame.has_instance_slot);
  CHECK(a.frame.saved_mask == 0b0101);
  CHECK(a.spill_slots[0].offset == -32);
  CHECK(a.spill_slots[1].offset == -36);
  CHECK(a.frame.size == 48);

  m.regions.push_back({});
  m.slots = {{4, true}, {16, false}};
  layout_frame(m, file, a);
  CHECK(a.frame.saved_mask == 0b1111);
  CHECK(m.slots[1].offset == -64); // 40 bytes of registers, then aligned to 16
  CHECK(a.spill_slots[0].offset == -72);
  CHECK(m.slots[0].offset == -76);
  CHECK(a.spill_slots[1].offset == -80);
  CHECK(a.frame.size == 80);
}
