#include "image/lsda.hh"

#include "base/assert.hh"

#include <algorithm>
#include <cstring>

namespace trapeze::image {
namespace {

constexpr u8 omitted = 0xff, pcrel_sdata4 = 0x1b, udata4 = 0x03;
constexpr u32 header_size = 12, record_size = 16;
constexpr u32 end_field = 2, end_field_size = 4, table_field = 7, table_field_size = 5, action_size = 4;
constexpr u32 end_counts_from = end_field + end_field_size;
constexpr u32 shortest_action = 2; // bytes: filter, displacement

void put32(std::vector<u8> &out, u32 v) {
  for (u32 i = 0; i < 4; ++i)
    out.push_back(static_cast<u8>(v >> (8 * i)));
}

void patch32(std::vector<u8> &out, u32 at, u32 v) {
  for (u32 i = 0; i < 4; ++i)
    out[at + i] = static_cast<u8>(v >> (8 * i));
}

/// In exactly `size` bytes: zero groups with the continuation bit fill up.
void write_uleb(u8 *to, u32 v, u32 size) {
  ASSERT(size >= 5 || v >> (7 * size) == 0);
  for (u32 i = 0; i < size; ++i, v >>= 7)
    to[i] = static_cast<u8>((v & 0x7f) | (i + 1 < size ? 0x80 : 0));
}

void put_sleb(std::vector<u8> &out, i64 v) {
  for (;;) {
    u8 group = v & 0x7f;
    v >>= 7;
    bool is_last = (v == 0 && !(group & 0x40)) || (v == -1 && (group & 0x40));
    out.push_back(is_last ? group : group | 0x80);
    if (is_last)
      return;
  }
}

// --- writer

/// Writes the areas one behind the other. `chains_` is indexed like ImageView::regions: the head of the region's chain,
/// as a call site names it (0: no clause at all on the way out).
class Writer {
public:
  explicit Writer(const ImageView &image) : image_(image), chains_(image.regions.size(), unknown) {}

  LsdaTables run() {
    out_.offset_of.assign(image_.functions.size(), no_lsda);
    usize call = 0;
    for (u32 row = 0; row < image_.functions.size(); ++row) {
      while (call < image_.calls.size() && image_.calls[call].function < row)
        ++call;
      usize end = call;
      bool has_handled_call = false;
      for (; end < image_.calls.size() && image_.calls[end].function == row; ++end)
        has_handled_call |= image_.calls[end].region != no_region;
      if (has_handled_call)
        area(row, image_.calls.subspan(call, end - call));
      call = end;
    }
    tags();
    return std::move(out_);
  }

private:
  static constexpr u32 unknown = ~0u;

  void area(u32 row, std::span<const CallSiteRow> calls) {
    const u32 start = static_cast<u32>(out_.bytes.size());
    const FunctionRow &function = image_.functions[row];
    first_clause_ = image_.regions[function.first_region].first_clause;
    clause_end_ = first_clause_;
    actions_.clear();
    bool has_clauses = false;
    for (const CallSiteRow &call : calls)
      has_clauses |= call.region != no_region && chain_of(call.region) != 0;
    if (!has_clauses)
      return;
    out_.offset_of[row] = start;
    out_.bytes.resize(start + header_size);
    call_sites(function, calls);
    const u32 table_size = static_cast<u32>(out_.bytes.size()) - start - header_size;
    out_.bytes.insert(out_.bytes.end(), actions_.begin(), actions_.end());
    out_.bytes.resize((out_.bytes.size() + 3) & ~usize{3});
    types();
    u8 *header = out_.bytes.data() + start;
    header[0] = omitted;
    header[1] = pcrel_sdata4;
    write_uleb(header + end_field, static_cast<u32>(out_.bytes.size()) - start - end_counts_from, end_field_size);
    header[end_field + end_field_size] = udata4;
    write_uleb(header + table_field, table_size, table_field_size);
  }

  /// Chains are written from the outside in, as the links go outwards. Each region once.
  u32 chain_of(u32 region) {
    pending_.clear();
    for (u32 r = region; r != no_region && chains_[r] == unknown; r = image_.regions[r].parent)
      pending_.push_back(r);
    for (; !pending_.empty(); pending_.pop_back()) {
      const Region &row = image_.regions[pending_.back()];
      const u32 outer = row.parent == no_region ? 0 : chains_[row.parent];
      chains_[pending_.back()] = row.clause_count == 0 ? outer : static_cast<u32>(actions_.size()) + 1;
      for (u32 k = 0; k < row.clause_count; ++k)
        action(row.first_clause + k, k + 1 < row.clause_count, outer);
      clause_end_ = std::max(clause_end_, row.first_clause + row.clause_count);
    }
    return chains_[region];
  }

  void action(u32 clause, bool has_next, u32 outer) {
    put_sleb(actions_, clause - first_clause_ + 1);
    const i64 here = static_cast<i64>(actions_.size());
    put_sleb(actions_, has_next ? 1 : outer == 0 ? 0 : i64{outer} - 1 - here); // the next one is right behind the 1
  }

  void call_sites(const FunctionRow &function, std::span<const CallSiteRow> calls) {
    u32 covered = 0;
    for (const CallSiteRow &call : calls) {
      if (call.region == no_region || chains_[call.region] == 0)
        continue;
      const u32 at = call.return_offset - function.code_offset - 1;
      if (at != covered)
        call_site(covered, at - covered, {});
      const u32 pad = image_.regions[call.region].system_pad;
      call_site(at, 1, {pad == 0 ? 0 : pad - function.code_offset, chains_[call.region]});
      covered = at + 1;
    }
    if (covered != function.code_size)
      call_site(covered, function.code_size - covered, {});
  }

  void call_site(u32 start, u32 length, LsdaCall call) {
    put32(out_.bytes, start);
    put32(out_.bytes, length);
    put32(out_.bytes, call.landing_pad);
    out_.bytes.resize(out_.bytes.size() + action_size);
    write_uleb(out_.bytes.data() + out_.bytes.size() - action_size, call.action, action_size);
  }

  /// The tag section's place is not known yet: `tags` fills the entries in.
  void types() {
    for (u32 clause = clause_end_; clause-- > first_clause_;) {
      const u32 tag = image_.clauses[clause].tag;
      if (tag != catch_all_tag)
        out_.references.push_back({static_cast<u32>(out_.bytes.size()), tag});
      put32(out_.bytes, 0);
    }
  }

  void tags() {
    out_.tags_offset = static_cast<u32>(out_.bytes.size());
    u32 count = 0;
    for (const LsdaTables::TagReference &r : out_.references)
      count = std::max(count, r.tag + 1);
    for (u32 tag = 0; tag < count; ++tag)
      put32(out_.bytes, tag);
    for (const LsdaTables::TagReference &r : out_.references)
      patch32(out_.bytes, r.offset, out_.tags_offset + 4 * r.tag - r.offset);
  }

  const ImageView image_;
  LsdaTables out_;
  std::vector<u32> chains_, pending_;
  std::vector<u8> actions_;
  u32 first_clause_ = 0, clause_end_ = 0;
};

// --- reader

/// Null: the number does not end before `end` or does not fit.
const u8 *read_uleb(const u8 *at, const u8 *end, u32 &out) {
  u64 v = 0;
  for (u32 shift = 0; at != end && shift < 35; shift += 7) {
    const u8 byte = *at++;
    v |= u64{byte & 0x7fu} << shift;
    if (!(byte & 0x80)) {
      out = static_cast<u32>(v);
      return v >> 32 == 0 ? at : nullptr;
    }
  }
  return nullptr;
}

const u8 *read_sleb(const u8 *at, const u8 *end, i64 &out) {
  u64 v = 0;
  for (u32 shift = 0; at != end && shift < 63; shift += 7) {
    const u8 byte = *at++;
    v |= u64{byte & 0x7fu} << shift;
    if (byte & 0x80)
      continue;
    if (byte & 0x40)
      v |= ~u64{0} << (shift + 7);
    out = static_cast<i64>(v);
    return at;
  }
  return nullptr;
}

u32 load32(const u8 *at) {
  u32 v;
  std::memcpy(&v, at, 4);
  return v;
}

} // namespace

LsdaTables write_lsda(const ImageView &image) { return Writer(image).run(); }

LsdaReader::LsdaReader(std::span<const u8> area, std::span<const u8> tags) : tags_(tags) {
  const u8 *begin = area.data(), *limit = begin + area.size();
  if (area.size() < header_size || begin[0] != omitted || begin[1] != pcrel_sdata4)
    return;
  u32 to_end = 0, table_size = 0;
  const u8 *at = read_uleb(begin + end_field, limit, to_end);
  if (at == nullptr || static_cast<u64>(limit - at) < to_end)
    return;
  const u8 *end = at + to_end;
  if (at == end || *at++ != udata4)
    return;
  at = read_uleb(at, end, table_size);
  if (at == nullptr || static_cast<u64>(end - at) < table_size || table_size % record_size != 0)
    return;
  begin_ = begin;
  end_ = end;
  calls_ = at;
  count_ = table_size / record_size;
  actions_ = at + table_size;
}

bool LsdaReader::record(u32 index, Record &out) const {
  const u8 *at = calls_ + u64{record_size} * index;
  out.start = load32(at);
  out.length = load32(at + 4);
  out.call.landing_pad = load32(at + 8);
  return read_uleb(at + 12, at + record_size, out.call.action) == at + record_size;
}

bool LsdaReader::find(u32 offset, LsdaCall &call) const {
  u32 low = 0, high = count_; // the last record that starts at or before the offset is in front of `high`
  while (low < high) {
    const u32 middle = low + (high - low) / 2;
    if (load32(calls_ + u64{record_size} * middle) <= offset)
      low = middle + 1;
    else
      high = middle;
  }
  Record found;
  if (low == 0 || !record(low - 1, found) || offset - found.start >= found.length || found.call.landing_pad == 0)
    return false;
  call = found.call;
  return true;
}

bool LsdaReader::clause_of(u32 filter, LsdaClause &out) const {
  if (filter == 0 || filter > static_cast<u64>(end_ - actions_) / 4)
    return false;
  const u8 *entry = end_ - u64{4} * filter;
  const i32 distance = static_cast<i32>(load32(entry));
  if (distance == 0) {
    out = {filter, catch_all_tag};
    return true;
  }
  const u64 at = reinterpret_cast<u64>(entry) + static_cast<u64>(i64{distance}) - reinterpret_cast<u64>(tags_.data());
  if (at >= tags_.size() || tags_.size() - at < 4 || at % 4 != 0)
    return false;
  out = {filter, load32(tags_.data() + at)};
  return out.tag < tags_.size() / 4;
}

LsdaReader::Chain::Chain(const LsdaReader &reader, u32 action) : reader_(reader), at_(nullptr), steps_left_(0) {
  const u64 room = static_cast<u64>(reader.end_ - reader.actions_);
  if (action == 0 || action - 1 >= room)
    return;
  at_ = reader.actions_ + (action - 1);
  steps_left_ = static_cast<u32>(room / shortest_action);
}

bool LsdaReader::Chain::next(LsdaClause &clause) {
  if (at_ == nullptr || steps_left_-- == 0)
    return false;
  i64 filter = 0, displacement = 0;
  const u8 *field = read_sleb(at_, reader_.end_, filter);
  at_ = nullptr;
  if (field == nullptr || filter <= 0 || filter > ~0u || read_sleb(field, reader_.end_, displacement) == nullptr ||
      !reader_.clause_of(static_cast<u32>(filter), clause))
    return false;
  if (displacement != 0 && displacement >= reader_.actions_ - field && displacement < reader_.end_ - field)
    at_ = field + displacement;
  return true;
}

} // namespace trapeze::image
