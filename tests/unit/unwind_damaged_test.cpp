// Look-ups over tables of a damaged file: any row may say anything, the walk stays inside its tables and ends.
#include "unwind/code_map.hh"
#include "unwind/find_handler.hh"

#include <doctest/doctest.h>

#include <cstring>
#include <random>
#include <vector>

using namespace trapeze;
using namespace trapeze::unwind;

namespace {

/// One image with nested regions at the first granule of a region of its own.
struct DamagedImage {
  static constexpr u32 tag_count = 4;
  image::CodeImage image;
  image::ImageView view;
  image::HandledCalls calls;
  image::LsdaTables lsda;
  LoadedImage loaded;

  DamagedImage() {
    image.code.assign(0x4000, 0x90);
    for (u32 f = 0; f < 8; ++f)
      image.functions.push_back({f, f * 0x400, 0x3f0, {.size = 64, .has_instance_slot = true}, 0x3e0, f * 4, 0});
    for (u32 r = 0; r < 32; ++r) {
      image.regions.push_back({r % 4 == 0 ? image::no_region : r - 1, r * 3, 3, (r / 4) * 0x400 + 0x300 + r});
      for (u32 c = 0; c < 3; ++c)
        image.clauses.push_back({(r + c) % 5 == 4 ? image::catch_all_tag : (r + c) % tag_count, 0x40 * r + c + 1, 0});
    }
    for (u32 f = 0; f < 8; ++f)
      for (u32 c = 0; c < 8; ++c)
        image.calls.push_back({f * 0x400 + 0x20 * (c + 1), f, f * 4 + c % 4, 0, 3});
    image.ref_slots = {-8, -16, -24};
    for (u32 i = 0; i < 64; ++i)
      image.traps.push_back({i * 0x80 + 3, abi::TrapCode::Unreachable});
    for (u32 i = 0; i < 64; ++i)
      image.addresses.push_back({i * 0x80, i});
    view = image;
    calls = image::hash_handled_calls(view, 64);
    lsda = image::write_lsda(view);
    loaded.base = reinterpret_cast<const u8 *>(u64{0x321} << 32);
    loaded.size = u64{1} << granule_log2;
    loaded.image = &view;
    loaded.tags_offset = 64;
    loaded.tags_end = 64 + 8 * tag_count;
    loaded.lsda = lsda.view();
    loaded.set_handled_calls(calls.view());
  }

  template <typename Row> static void flip(std::mt19937 &random, std::vector<Row> &rows) {
    u8 bytes[sizeof(Row)];
    Row &row = rows[random() % rows.size()];
    std::memcpy(bytes, &row, sizeof row);
    bytes[random() % sizeof row] ^= static_cast<u8>(1 + random() % 255);
    std::memcpy(&row, bytes, sizeof row);
  }
  void damage(std::mt19937 &random) {
    switch (random() % 9) {
    case 0:
      return flip(random, image.functions);
    case 1:
      return flip(random, image.calls);
    case 2:
      return flip(random, image.regions);
    case 3:
      return flip(random, image.clauses);
    case 4:
      return flip(random, image.traps);
    case 5:
      return flip(random, image.addresses);
    case 6:
      return flip(random, lsda.bytes);
    case 7:
      return flip(random, lsda.offset_of);
    default: { // the last slot is free: the loader looks
      std::vector<image::HandledCall> &slots = calls.slots;
      image::HandledCall last = slots.back();
      flip(random, slots);
      slots.back() = last;
    }
    }
  }
};

/// Code is not read, so it need not be there.
unwind::Region &region() {
  static unwind::Region *made = CodeMap::get().add_region(u64{0x321} << 32, u64{1} << granule_log2);
  return *made;
}

u64 address(const u64 *word) { return reinterpret_cast<u64>(word); }

} // namespace

TEST_CASE("damaged rows lead nowhere: every look-up ends, inside its tables") {
  std::mt19937 random(1);
  static int thrown;
  u64 found = 0;
  for (u32 round = 0; round < 300; ++round) {
    DamagedImage damaged;
    for (u32 k = 0; k < 1 + random() % 40; ++k)
      damaged.damage(random);
    const image::ImageView &view = damaged.view;
    CodeMap::get().publish(region(), &damaged.loaded, region().base, damaged.loaded.size);
    std::vector<u64> context(16, 1); // of an instance: whatever tag is asked for, it is another one
    for (u32 offset = 0; offset < damaged.image.code.size(); offset += 1 + offset % 7) {
      view.find_function(offset);
      view.find_trap(offset);
      view.wasm_offset(offset);
      if (const image::CallSiteRow *call = view.find_call(offset))
        found += view.slots_of(*call).size();
      // The frame at words[4] is stopped at the offset; the callee's is at words[0], the entry's at words[6].
      u64 words[8] = {address(words + 4), region().base + offset, 0, address(context.data()), address(words + 6)};
      Landing landing{};
      if (find_handler(address(words), address(words + 6), &thrown, landing)) {
        ++found;
        REQUIRE(landing.pc - region().base < damaged.loaded.size);
      }
    }
    CodeMap::get().withdraw(region(), region().base, damaged.loaded.size);
    for (u32 row = 0; row < view.functions.size(); ++row) {
      found += view.epilogues_of(row).size();
      u32 at = damaged.loaded.lsda.offset_of[row];
      if (at >= damaged.loaded.lsda.areas.size())
        continue;
      image::LsdaReader reader(damaged.loaded.lsda.areas.subspan(at), damaged.loaded.lsda.tags);
      for (u32 offset = 0; offset < 0x400; offset += 3) {
        image::LsdaCall call;
        if (!reader.find(offset, call))
          continue;
        image::LsdaClause clause;
        for (auto chain = reader.chain(call.action); chain.next(clause);)
          ++found;
      }
    }
  }
  CHECK(found > 10'000);
}
