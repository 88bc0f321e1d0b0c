// Writer and reader of the LSDA against each other and against the rows they come from, on random functions; and the
// reader on broken bytes.
#include "image/lsda.hh"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <random>

namespace trapeze::image {
namespace {

using Random = std::mt19937;

u32 below(Random &random, u32 n) { return n == 0 ? 0 : static_cast<u32>(random() % n); }

constexpr u32 tag_count = 40;

/// Functions with random region trees (parents in any order), calls and clauses.
CodeImage random_image(Random &random, u32 functions, u32 most_regions) {
  CodeImage image;
  u32 offset = 0;
  for (u32 f = 0; f < functions; ++f) {
    FunctionRow row{f, offset, 0, {}};
    const u32 first = row.first_region = static_cast<u32>(image.regions.size());
    const u32 regions = below(random, most_regions + 1);
    std::vector<u32> order(regions); // order[k] may have order[j < k] as its parent
    for (u32 k = 0; k < regions; ++k)
      order[k] = k;
    std::shuffle(order.begin(), order.end(), random);
    std::vector<u32> parents(regions, no_region);
    for (u32 k = 1; k < regions; ++k)
      if (below(random, 4) != 0)
        parents[order[k]] = first + order[below(random, k)];
    for (u32 k = 0; k < regions; ++k) {
      const u32 clauses = below(random, 4), first_clause = static_cast<u32>(image.clauses.size());
      for (u32 c = 0; c < clauses; ++c)
        image.clauses.push_back(
            {below(random, 5) == 0 ? catch_all_tag : below(random, tag_count), offset, below(random, 2) == 0});
      image.regions.push_back({parents[k], first_clause, clauses, offset + 1 + k});
    }
    u32 at = offset;
    for (u32 calls = below(random, 30); calls-- > 0;) {
      at += 2 + below(random, 300);
      const u32 region = regions != 0 && below(random, 3) != 0 ? first + below(random, regions) : no_region;
      image.calls.push_back({at, f, region, 0, 0});
    }
    row.code_size = at - offset + below(random, 20) + 1 - (at != offset && below(random, 3) == 0);
    if (row.code_size < at - offset)
      row.code_size = at - offset;
    offset = (offset + row.code_size + 15) & ~15u;
    image.functions.push_back(row);
  }
  return image;
}

/// The clauses a throw meets from the region on, by the rows.
std::vector<u32> clauses_from(const CodeImage &image, u32 region) {
  std::vector<u32> out;
  for (; region != no_region; region = image.regions[region].parent)
    for (u32 k = 0; k < image.regions[region].clause_count; ++k)
      out.push_back(image.regions[region].first_clause + k);
  return out;
}

void check_call(const CodeImage &image, const FunctionRow &row, const LsdaReader &reader, const CallSiteRow &call) {
  LsdaCall found;
  const bool is_found = reader.find(call.return_offset - 1 - row.code_offset, found);
  const std::vector<u32> expected = clauses_from(image, call.region);
  REQUIRE(is_found == !expected.empty());
  if (!is_found)
    return;
  CHECK(found.landing_pad == image.regions[call.region].system_pad - row.code_offset);
  LsdaReader::Chain chain = reader.chain(found.action);
  LsdaClause clause;
  for (u32 index : expected) {
    REQUIRE(chain.next(clause));
    CHECK(clause.filter == index - image.regions[row.first_region].first_clause + 1);
    CHECK(clause.tag == image.clauses[index].tag);
  }
  CHECK_FALSE(chain.next(clause));
}

/// Call sites are sorted, cover the whole function, and only calls have landing pads.
void check_records(const CodeImage &image, u32 function, const LsdaReader &reader) {
  const FunctionRow &row = image.functions[function];
  u32 covered = 0, pads = 0, handled = 0;
  for (u32 i = 0; i < reader.record_count(); ++i) {
    LsdaReader::Record record;
    REQUIRE(reader.record(i, record));
    CHECK(record.start == covered);
    CHECK(record.length > 0);
    covered += record.length;
    pads += record.call.landing_pad != 0;
    if (record.call.landing_pad == 0) {
      LsdaCall none;
      CHECK_FALSE(reader.find(record.start + record.length / 2, none));
    }
  }
  CHECK(covered == row.code_size);
  for (const CallSiteRow &call : image.calls)
    handled += call.function == function && call.region != no_region && !clauses_from(image, call.region).empty();
  CHECK(pads == handled);
}

TEST_CASE("what is written is read, for random region trees") {
  Random random(1);
  u32 areas = 0, calls = 0;
  for (u32 round = 0; round < 400; ++round) {
    const CodeImage image = random_image(random, 1 + below(random, 6), round % 2 == 0 ? 4 : 20);
    const LsdaTables tables = write_lsda(image);
    CHECK(tables.tags_offset % 4 == 0);
    for (u32 i = 0; i < tables.tags().size() / 4; ++i)
      CHECK(tables.tags()[4 * i] + 256u * tables.tags()[4 * i + 1] == i);
    for (u32 f = 0; f < image.functions.size(); ++f) {
      const bool has_area = tables.offset_of[f] != no_lsda;
      const LsdaReader reader(has_area ? tables.areas().subspan(tables.offset_of[f]) : tables.areas().first(0),
                              tables.tags());
      REQUIRE(reader.is_valid() == has_area);
      if (has_area)
        check_records(image, f, reader);
      areas += has_area;
      for (const CallSiteRow &call : image.calls)
        if (call.function == f) {
          if (has_area)
            check_call(image, image.functions[f], reader, call);
          else
            CHECK(clauses_from(image, call.region).empty());
          ++calls;
        }
    }
  }
  MESSAGE(areas << " areas, " << calls << " calls");
  CHECK(areas > 500);
}

TEST_CASE("ten thousand nested regions take linear room, one action each") {
  CodeImage image;
  image.functions.push_back({0, 0, 200'000, {}});
  const u32 depth = 10'000;
  for (u32 r = 0; r < depth; ++r) {
    image.regions.push_back({r == 0 ? no_region : r - 1, r, 1, 7 + r});
    image.clauses.push_back({r % tag_count, 9, false});
    image.calls.push_back({10 + 10 * r, 0, r, 0, 0});
  }
  const LsdaTables tables = write_lsda(image);
  CHECK(tables.bytes.size() < depth * (32 + 4 + 8));
  const LsdaReader reader(tables.areas(), tables.tags());
  check_records(image, 0, reader);
  check_call(image, image.functions[0], reader, image.calls.back());
}

TEST_CASE("broken bytes give none, and every chain ends") {
  Random random(2);
  u64 found = 0;
  for (u32 round = 0; round < 3000; ++round) {
    const CodeImage image = random_image(random, 1, 6);
    const LsdaTables tables = write_lsda(image);
    if (tables.offset_of[0] == no_lsda)
      continue;
    usize size = tables.bytes.size(), tags = tables.tags_offset;
    if (below(random, 4) == 0)
      size = below(random, static_cast<u32>(size)), tags = std::min(tags, size);
    std::unique_ptr<u8[]> bytes(new u8[size]); // exactly as large: the sanitizer sees every step outside
    std::copy_n(tables.bytes.begin(), size, bytes.get());
    for (u32 hits = 1 + below(random, 8); size != 0 && hits-- > 0;)
      bytes[below(random, static_cast<u32>(below(random, 2) == 0 ? size : std::min<usize>(size, 24)))] =
          static_cast<u8>(random());
    const LsdaReader reader({bytes.get(), tags}, {bytes.get() + tags, size - tags});
    if (!reader.is_valid())
      continue;
    for (u32 i = 0; i < reader.record_count(); ++i) {
      LsdaReader::Record record;
      LsdaClause clause;
      u64 steps = 0;
      if (!reader.record(i, record))
        continue;
      for (LsdaReader::Chain chain = reader.chain(record.call.action); chain.next(clause); ++steps)
        CHECK((clause.tag == catch_all_tag || clause.tag < (size - tags) / 4));
      CHECK(steps <= size);
      LsdaCall call;
      found += reader.find(record.start, call);
    }
    for (u32 k = 0; k < 20; ++k) {
      LsdaCall call;
      LsdaClause clause;
      reader.find(static_cast<u32>(random()), call);
      for (LsdaReader::Chain chain = reader.chain(static_cast<u32>(random() % 64)); chain.next(clause);)
        ++found;
    }
  }
  CHECK(found > 1000);
}

} // namespace
} // namespace trapeze::image
