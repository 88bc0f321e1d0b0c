// .eh_frame as written and as read, for frames of every shape, and the reader on broken bytes. Whether it agrees with
// machine code is tests/tables' affair.
#include "image/cfi.hh"

#include <bit>
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <random>

namespace trapeze::image {
namespace {

using Random = std::mt19937;

constexpr u64 code_at = 0x40000000, frame_at = 0x50000000, lsda_at = 0x60000000, slot_at = 0x50001000;

struct Written {
  CodeImage image;
  LsdaTables lsda;
  EhFrame frame;
};

/// Functions with every mask of saved registers, some with several epilogues, some with an LSDA.
Written random_image(Random &random, u32 functions) {
  Written w;
  u32 offset = 0;
  for (u32 f = 0; f < functions; ++f) {
    const u8 mask = static_cast<u8>(random() % 16);
    const bool has_slot = random() % 2 == 0, is_marked = random() % 4 == 0;
    const u32 pushed = 8 * (static_cast<u32>(std::popcount(mask)) + has_slot);
    const FrameInfo frame{.size = pushed + static_cast<u32>(random() % 40) * 8,
                          .saved_mask = mask,
                          .has_instance_slot = has_slot,
                          .has_branch_mark = is_marked};
    const u32 first_epilogue = static_cast<u32>(w.image.epilogues.size());
    u32 at = offset + 30;
    for (u32 e = random() % 4; e-- > 0; at += 30) {
      const u32 most = random() % 4 == 0 ? 100'000 : 300;
      at += static_cast<u32>(random() % most);
      w.image.epilogues.push_back({at, at + 30});
    }
    const u32 size = at - offset + static_cast<u32>(random() % 2) * 10;
    w.image.functions.push_back({f, offset, size + 8, frame, size, 0, first_epilogue});
    w.lsda.offset_of.push_back(random() % 2 == 0 ? no_lsda : 12 * f);
    offset += (size + 8 + 15) & ~15u;
  }
  w.frame = write_eh_frame(w.image, w.lsda);
  REQUIRE(place(w.frame, {frame_at, code_at, lsda_at, slot_at}));
  return w;
}

/// Registers that the body has saved, from the top of the frame down.
std::vector<u8> pushes(const FrameInfo &frame) {
  constexpr u8 order[] = {dwarf_rbx, dwarf_r12, dwarf_r14, dwarf_r15};
  std::vector<u8> out{dwarf_return_address, dwarf_rbp};
  if (frame.has_instance_slot)
    out.push_back(dwarf_r13);
  for (u32 k = 0; k < 4; ++k)
    if (frame.saved_mask >> k & 1)
      out.push_back(order[k]);
  return out;
}

void check_body(const CfiRow *row, const FrameInfo &frame) {
  REQUIRE(row != nullptr);
  CHECK(row->cfa_register == dwarf_rbp);
  CHECK(row->cfa_offset == 16);
  const std::vector<u8> saved = pushes(frame);
  for (u32 reg = 0; reg < dwarf_register_count; ++reg) {
    const auto found = std::ranges::find(saved, reg);
    const CfiRule expected =
        found == saved.end() ? CfiRule{} : CfiRule{CfiRule::AtCfa, -8 * (found - saved.begin() + 1)};
    CHECK(row->registers[reg] == expected);
  }
}

TEST_CASE("frames of every shape are read as they were written") {
  Random random(3);
  for (u32 round = 0; round < 200; ++round) {
    const Written w = random_image(random, 1 + static_cast<u32>(random() % 8));
    std::vector<CfiFunction> read;
    REQUIRE(read_eh_frame(w.frame.bytes, frame_at, read));
    REQUIRE(read.size() == w.image.functions.size());
    for (u32 f = 0; f < read.size(); ++f) {
      const FunctionRow &row = w.image.functions[f];
      CHECK(read[f].begin == code_at + row.code_offset);
      CHECK(read[f].end == read[f].begin + row.code_size);
      CHECK(read[f].has_personality);
      CHECK(read[f].is_indirect);
      CHECK(read[f].personality == slot_at);
      CHECK(read[f].lsda == (w.lsda.offset_of[f] == no_lsda ? 0 : lsda_at + w.lsda.offset_of[f]));
      const CfiRow *entry = read[f].row_at(read[f].begin);
      REQUIRE(entry != nullptr);
      CHECK(entry->cfa_register == dwarf_rsp);
      CHECK(entry->cfa_offset == 8);
      check_body(read[f].row_at(read[f].begin + 29), row.frame);
      const u32 end =
          f + 1 < read.size() ? w.image.functions[f + 1].first_epilogue : static_cast<u32>(w.image.epilogues.size());
      for (u32 e = row.first_epilogue; e < end; ++e) {
        const Epilogue &place = w.image.epilogues[e];
        check_body(read[f].row_at(code_at + place.begin), row.frame);
        CHECK(read[f].row_at(code_at + place.end - 1)->same_rules(*entry));
        if (place.end - row.code_offset < row.text_size)
          check_body(read[f].row_at(code_at + place.end), row.frame);
      }
    }
  }
}

TEST_CASE("broken bytes are refused or read, never more") {
  Random random(4);
  u32 refused = 0, taken = 0;
  for (u32 round = 0; round < 20'000; ++round) {
    const Written w = random_image(random, 2);
    const usize size = random() % 4 == 0 ? random() % w.frame.bytes.size() : w.frame.bytes.size();
    std::unique_ptr<u8[]> bytes(new u8[size]); // exactly as large: the sanitizer sees every step outside
    std::copy_n(w.frame.bytes.begin(), size, bytes.get());
    for (u32 hits = 1 + random() % 6; size != 0 && hits-- > 0;)
      bytes[random() % size] = static_cast<u8>(random());
    std::vector<CfiFunction> read;
    (read_eh_frame({bytes.get(), size}, frame_at, read) ? taken : refused) += 1;
    for (const CfiFunction &f : read)
      CHECK((f.row_at(f.begin) != nullptr || f.begin >= f.end));
  }
  CHECK(refused > 1000);
  CHECK(taken > 1000);
}

TEST_CASE("what does not reach is refused") {
  Random random(5);
  Written w = random_image(random, 3);
  CHECK_FALSE(place(w.frame, {frame_at, frame_at + (u64{1} << 32), lsda_at, slot_at}));
}

} // namespace
} // namespace trapeze::image
