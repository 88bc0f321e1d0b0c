#include "wasm/names.hh"

#include "base/byte_reader.hh"

#include <algorithm>
#include <array>
#include <mutex>

namespace trapeze::wasm {

using base::ByteReader;

namespace {

constexpr u8 subsection_count = 12; // later editions' are skipped
constexpr bool is_indirect[subsection_count] = {false, false, true,  true,  false, false,
                                                false, false, false, false, true,  false};

/// Indices of a map must increase: what makes it a map, and searchable.
template <typename Entries> void check_order(ByteReader &reader, const Entries &entries, u32 index, u64 offset) {
  if (!entries.empty() && entries.back().first >= index)
    reader.set_error(offset, "indices of a name map must increase");
}

NameMap name_map(ByteReader &reader) {
  NameMap map;
  const u32 count = reader.leb_u32();
  for (u32 i = 0; i < count && !reader.failed(); ++i) {
    const u64 offset = reader.offset();
    const u32 index = reader.leb_u32();
    check_order(reader, map.entries, index, offset);
    map.entries.emplace_back(index, reader.name());
  }
  return map;
}

IndirectNameMap indirect_name_map(ByteReader &reader) {
  IndirectNameMap map;
  const u32 count = reader.leb_u32();
  for (u32 i = 0; i < count && !reader.failed(); ++i) {
    const u64 offset = reader.offset();
    const u32 index = reader.leb_u32();
    check_order(reader, map.entries, index, offset);
    map.entries.emplace_back(index, name_map(reader));
  }
  return map;
}

/// All of a subsection; one that does not end where its map does is malformed.
template <typename Map> Result<Map> whole(Map (*read)(ByteReader &), ByteReader reader) {
  Map map = read(reader);
  if (!reader.at_end())
    reader.set_error(reader.offset(), "name subsection size mismatch");
  TRY(reader.status());
  return map;
}

std::string_view one_name(ByteReader &reader) { return reader.name(); }

template <typename Visit> Result<void> each_subsection(std::span<const u8> section, u64 offset, Visit visit) {
  ByteReader reader(section, offset);
  int last = -1;
  while (!reader.at_end()) {
    const u64 at = reader.offset();
    const u8 id = reader.u8_();
    const u32 size = reader.leb_u32();
    const u64 start = reader.offset();
    const std::span<const u8> contents = reader.bytes(size);
    if (id <= last)
      reader.set_error(at, "name subsections must stand in order");
    last = id;
    TRY(reader.status());
    if (id < subsection_count)
      TRY(visit(id, contents, start));
  }
  return reader.status();
}

template <typename Entries> auto find_entry(const Entries &entries, u32 index) {
  const auto it = std::lower_bound(entries.begin(), entries.end(), index,
                                   [](const auto &entry, u32 wanted) { return entry.first < wanted; });
  return it != entries.end() && it->first == index ? &*it : nullptr;
}

} // namespace

struct Names::Section {
  std::array<std::span<const u8>, subsection_count> contents;
  std::array<std::once_flag, subsection_count> decoded;
  std::array<NameMap, subsection_count> plain;
  std::array<IndirectNameMap, subsection_count> indirect;
};

Names::Names(std::span<const u8> section) : section_(std::make_shared<Section>()) {
  (void)each_subsection(section, 0, [this](u8 id, std::span<const u8> contents, u64) -> Result<void> {
    section_->contents[id] = contents;
    return {};
  });
}

std::string_view Names::module() const {
  if (section_ == nullptr || section_->contents[0].empty())
    return {};
  return whole(one_name, ByteReader(section_->contents[0])).value_or(std::string_view());
}

const NameMap &Names::plain(u8 id) const {
  static const NameMap none;
  if (section_ == nullptr || section_->contents[id].empty())
    return none;
  std::call_once(section_->decoded[id], [this, id] {
    section_->plain[id] = whole(name_map, ByteReader(section_->contents[id])).value_or(NameMap());
  });
  return section_->plain[id];
}

const IndirectNameMap &Names::indirect(u8 id) const {
  static const IndirectNameMap none;
  if (section_ == nullptr || section_->contents[id].empty())
    return none;
  std::call_once(section_->decoded[id], [this, id] {
    section_->indirect[id] = whole(indirect_name_map, ByteReader(section_->contents[id])).value_or(IndirectNameMap());
  });
  return section_->indirect[id];
}

std::string_view NameMap::find(u32 index) const {
  const auto *entry = find_entry(entries, index);
  return entry ? entry->second : std::string_view{};
}

const NameMap *IndirectNameMap::find(u32 index) const {
  const auto *entry = find_entry(entries, index);
  return entry ? &entry->second : nullptr;
}

Result<void> check_names(std::span<const u8> section, u64 offset) {
  return each_subsection(section, offset, [](u8 id, std::span<const u8> contents, u64 start) -> Result<void> {
    const ByteReader reader(contents, start);
    if (id == 0)
      TRY(whole(one_name, reader));
    else if (is_indirect[id])
      TRY(whole(indirect_name_map, reader));
    else
      TRY(whole(name_map, reader));
    return {};
  });
}

} // namespace trapeze::wasm
