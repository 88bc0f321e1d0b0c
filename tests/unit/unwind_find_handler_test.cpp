// The search on made-up stacks: frames are words in an array, code addresses are never executed.
#include "unwind/code_map.hh"
#include "unwind/find_handler.hh"
#include "unwind/walk.hh"

#include <doctest/doctest.h>

#include <deque>
#include <vector>

using namespace trapeze;
using namespace trapeze::unwind;

namespace {

constexpr u64 region_base = u64{0x123} << 32;
constexpr u64 region_size = u64{64} << granule_log2;

Region &region() {
  static Region *made = CodeMap::get().add_region(region_base, region_size);
  return *made;
}

/// An image at granule `at` with one function whose call sites and regions the test writes.
struct FakeImage {
  image::CodeImage image;
  image::ImageView view;
  image::HandledCalls calls;
  LoadedImage loaded;

  explicit FakeImage(u32 at) {
    image.functions.push_back({0, 0, 0x1000, {.size = 64, .has_instance_slot = true}});
    loaded.base = reinterpret_cast<const u8 *>(region_base + (u64{at} << granule_log2));
    loaded.size = u64{1} << granule_log2;
    loaded.image = &view;
    loaded.tags_offset = 8;
    loaded.tags_end = loaded.tags_offset + 4 * 8;
  }
  void call(u32 offset, u32 region_index) { image.calls.push_back({offset, 0, region_index, 0, 0}); }
  u32 region(u32 parent, std::vector<image::Clause> clauses) {
    image.regions.push_back({parent, static_cast<u32>(image.clauses.size()), static_cast<u32>(clauses.size())});
    image.clauses.insert(image.clauses.end(), clauses.begin(), clauses.end());
    return static_cast<u32>(image.regions.size() - 1);
  }
  void build() {
    view = image;
    calls = image::hash_handled_calls(view, loaded.tags_offset);
    loaded.set_handled_calls(calls.view());
  }
  void publish() {
    build();
    CodeMap::get().publish(::region(), &loaded, reinterpret_cast<u64>(loaded.base), loaded.size);
  }
  u64 at(u32 offset) const { return reinterpret_cast<u64>(loaded.base) + offset; }
};

/// Tags as an instance sees them, behind one word of head.
struct FakeInstance {
  u64 head = 0;
  const void *tags[4];
};

/// Grows downward like a stack: frame(0) is the outermost.
struct FakeStack {
  std::vector<u64> words = std::vector<u64>(4096);
  usize top = 4000;
  u64 fp = 0, entry_fp = 0;

  FakeStack() { entry_fp = fp = address(top); }
  u64 address(usize index) { return reinterpret_cast<u64>(&words[index]); }
  /// A frame called by the one before, which goes on at `return_address`.
  u64 push(u64 return_address, const FakeInstance *instance) {
    top -= 10;
    words[top + 1] = return_address;
    words[top] = fp;
    words[top - 1] = reinterpret_cast<u64>(instance);
    return fp = address(top);
  }
};

} // namespace

TEST_CASE("clauses in order, then the parent's; the nearest frame first; tags through the frame's instance") {
  static int tag_a, tag_b, tag_c;
  FakeImage code(1);
  u32 outer = code.region(image::no_region, {{0, 0x900, false}, {image::catch_all_tag, 0x910, false}});
  u32 empty = code.region(outer, {});
  u32 inner = code.region(empty, {{1, 0x920, false}, {1, 0x930, false}});
  code.call(0x100, inner);
  code.call(0x200, image::no_region);
  code.call(0x300, outer);
  code.publish();
  FakeInstance one{0, {&tag_a, &tag_b}}, two{0, {&tag_b, &tag_a}};

  FakeStack stack;
  u64 first = stack.push(0xdead, &one); // called by the entry stub
  u64 second = stack.push(code.at(0x300), &two);
  u64 third = stack.push(code.at(0x100), &one); // second is at 0x100, inside `inner`
  stack.push(code.at(0x200), nullptr);          // third is at 0x200: no region
  u64 stub = stack.fp;
  (void)third;
  Landing landing{};
  // second's instance is `two`: its tag 1 is tag_a
  REQUIRE(find_handler(stub, stack.entry_fp, &tag_a, landing));
  CHECK(landing.pc == code.at(0x920));
  CHECK(landing.fp == second);
  CHECK(landing.sp == second - 64);
  // tag_b is its tag 0, caught by the outer region's first clause
  REQUIRE(find_handler(stub, stack.entry_fp, &tag_b, landing));
  CHECK(landing.pc == code.at(0x900));
  CHECK(landing.fp == second);
  // neither tag: catch_all; the same for a foreign exception
  for (const void *tag : {static_cast<const void *>(&tag_c), static_cast<const void *>(nullptr)}) {
    REQUIRE(find_handler(stub, stack.entry_fp, tag, landing));
    CHECK(landing.pc == code.at(0x910));
    CHECK(landing.fp == second);
  }
  (void)first;
  CodeMap::get().withdraw(region(), code.at(0), code.loaded.size);
}

TEST_CASE("frames outside of every image are passed; the entry frame ends the walk") {
  static int tag;
  FakeImage code(2);
  u32 catching = code.region(image::no_region, {{0, 0x40, false}});
  code.call(0x10, catching);
  code.call(0x10000, image::no_region); // behind the last byte: a call that does not return
  code.publish();
  FakeInstance instance{0, {&tag}};
  FakeStack stack;
  u64 frame = stack.push(0xdead, &instance);
  stack.push(code.at(0x10), nullptr); // a stub frame called from 0x10
  stack.push(0x5555, nullptr);        // its return address is in the stub
  stack.push(code.at(0x10000), nullptr);
  Landing landing{};
  REQUIRE(find_handler(stack.fp, stack.entry_fp, &tag, landing));
  CHECK(landing.fp == frame);
  CHECK(!find_handler(stack.fp, frame, &tag, landing)); // an activation that begins above
  u32 count = 0;
  walk(stack.fp, stack.entry_fp, [&](Frame) { return ++count != 0; });
  CHECK(count == 3);
  CodeMap::get().withdraw(region(), code.at(0), code.loaded.size);
}

TEST_CASE("ten thousand call sites are all found, others are not") {
  FakeImage code(3);
  u32 catching = code.region(image::no_region, {{image::catch_all_tag, 4, false}});
  for (u32 i = 0; i < 10'000; ++i)
    code.call(5 + i * 6, i % 3 == 0 ? catching : image::no_region);
  code.build();
  for (u32 i = 0; i < 10'000; ++i) {
    const HandledCall *row = code.loaded.find_handled_call(code.at(5 + i * 6));
    REQUIRE((row != nullptr) == (i % 3 == 0));
    if (row != nullptr)
      REQUIRE(row->call_end == 5 + i * 6 - 1);
    REQUIRE(code.loaded.find_handled_call(code.at(6 + i * 6)) == nullptr);
  }
}

TEST_CASE("calls that all belong in the hash's last slot stand behind its end and are found") {
  FakeImage code(4);
  u32 catching = code.region(image::no_region, {{image::catch_all_tag, 4, false}});
  constexpr u32 shift = 32 - 5; // of eight calls
  std::vector<u32> offsets;
  for (u32 offset = 1; offsets.size() < 8; ++offset)
    if (image::call_hash(offset - 1, shift) == 31)
      offsets.push_back(offset);
  for (u32 offset : offsets)
    code.call(offset, catching);
  code.build();
  REQUIRE(code.loaded.call_hash_shift == shift);
  for (u32 offset : offsets) {
    const HandledCall *row = code.loaded.find_handled_call(code.at(offset));
    REQUIRE(row != nullptr);
    CHECK(row->call_end == offset - 1);
    CHECK(code.loaded.find_handled_call(code.at(offset + 1)) == nullptr);
  }
}

TEST_CASE("an entry has the first clause on the way out, and whether others follow") {
  FakeImage code(6);
  u32 outer = code.region(image::no_region, {{2, 0x20, false}});
  u32 empty = code.region(outer, {});
  u32 inner = code.region(empty, {{image::catch_all_tag, 0x30, true}});
  u32 two = code.region(image::no_region, {{1, 0x40, false}, {0, 0x50, false}});
  u32 barren = code.region(image::no_region, {});
  u32 regions[] = {outer, empty, inner, two, barren};
  for (u32 i = 0; i < 5; ++i)
    code.call(0x100 * (i + 1), regions[i]);
  code.build();
  auto entry = [&](u32 i) { return code.loaded.find_handled_call(code.at(0x100 * (i + 1))); };
  for (u32 i : {0u, 1u}) { // a region without a clause passes on to its parent
    CHECK(entry(i)->tag_at == 8 + 8 * 2);
    CHECK(entry(i)->pad == 0x20);
    CHECK(!entry(i)->has_more);
    CHECK(entry(i)->region == regions[i]);
  }
  CHECK(entry(2)->tag_at == HandledCall::catches_all);
  CHECK(entry(2)->has_more);
  CHECK(entry(3)->tag_at == 8 + 8 * 1);
  CHECK(entry(3)->pad == 0x40);
  CHECK(entry(3)->has_more);
  CHECK(entry(4) == nullptr);
}

TEST_CASE("the map answers by granule, and withdrawn images are gone") {
  FakeImage code(5);
  code.loaded.size = u64{3} << granule_log2;
  code.publish();
  const CodeMap &map = CodeMap::get();
  CHECK(map.find(code.at(0)) == &code.loaded);
  CHECK(map.find(code.at(0x2ffff)) == &code.loaded);
  CHECK(map.find(code.at(0x30000)) == nullptr);
  CHECK(map.find(region_base - 1) == nullptr);
  CHECK(map.find(region_base + region_size) == nullptr);
  CodeMap::get().withdraw(region(), code.at(0), code.loaded.size);
  CHECK(map.find(code.at(0)) == nullptr);
}
