// Shortening of jumps and resolution of displacements; the idea is in the header.
#include "codegen/code_buffer.hh"

#include "base/assert.hh"

#include <algorithm>
#include <cstring>

namespace trapeze::codegen {

void CodeBuffer::clear() {
  bytes.clear();
  labels_.clear();
  fix_ups_.clear();
  jumps_.clear();
  gaps_.clear();
}

u32 CodeBuffer::moved(u32 offset) const {
  // The number of gaps that end at or before the offset: the last answer, the one behind it, or a search.
  auto is_at = [&](usize k) {
    return k <= gaps_.size() && (k == 0 || gaps_[k - 1].end <= offset) && (k == gaps_.size() || offset < gaps_[k].end);
  };
  if (!is_at(last_gap_)) {
    if (is_at(last_gap_ + 1))
      ++last_gap_;
    else
      last_gap_ = static_cast<usize>(
          std::upper_bound(gaps_.begin(), gaps_.end(), offset, [](u32 o, const Gap &g) { return o < g.end; }) -
          gaps_.begin());
  }
  return last_gap_ == 0 ? offset : offset - gaps_[last_gap_ - 1].saved;
}

void CodeBuffer::note_gaps() {
  gaps_.clear();
  u32 saved = 0;
  for (const Jump &j : jumps_)
    if (j.is_short) {
      saved += u32{j.shape.long_size} - j.shape.short_size;
      gaps_.push_back({j.start + j.shape.long_size, saved});
    }
}

void CodeBuffer::shrink(void (*shorten)(u8 *bytes, u32 from, u32 to)) {
  for (int round = 0; round < 3; ++round) {
    for (Jump &j : jumps_)
      if (!j.is_short && labels_[j.target] != unbound) {
        i64 distance = i64{moved(labels_[j.target])} - moved(j.start + j.shape.long_size);
        // The jump itself gets shorter: a target behind it follows, one before it comes closer.
        j.is_short = distance <= 127 && distance + (j.shape.long_size - j.shape.short_size) >= -128;
      }
    note_gaps();
  }
  if (gaps_.empty())
    return;
  u32 read = 0, write = 0;
  auto copy_to = [&](u32 end) {
    std::memmove(bytes.data() + write, bytes.data() + read, end - read);
    write += end - read;
    read = end;
  };
  for (Jump &j : jumps_) {
    if (!j.is_short)
      continue;
    copy_to(j.start);
    shorten(bytes.data(), read, write);
    read += j.shape.long_size;
    write += j.shape.short_size;
  }
  copy_to(size());
  bytes.resize(write);
  for (Jump &j : jumps_)
    j.start = moved(j.start);
  for (FixUp &f : fix_ups_)
    f = {moved(f.field), moved(f.end), f.target};
  for (u32 &offset : labels_)
    if (offset != unbound)
      offset = moved(offset);
}

void CodeBuffer::resolve() {
  for (const Jump &j : jumps_) {
    ASSERT(labels_[j.target] != unbound);
    u32 end = j.start + (j.is_short ? j.shape.short_size : j.shape.long_size);
    i32 distance = static_cast<i32>(labels_[j.target] - end);
    if (j.is_short) {
      ASSERT(distance >= -128 && distance <= 127);
      bytes[end - 1] = static_cast<u8>(distance);
    } else {
      std::memcpy(bytes.data() + end - 4, &distance, 4);
    }
  }
  for (const FixUp &f : fix_ups_) {
    ASSERT(labels_[f.target] != unbound);
    i32 distance = static_cast<i32>(labels_[f.target] - f.end);
    std::memcpy(bytes.data() + f.field, &distance, 4);
  }
}

} // namespace trapeze::codegen
