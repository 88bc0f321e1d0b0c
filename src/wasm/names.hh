// What the name section calls things (Appendix, Custom Sections), decoded map by map when somebody asks: loading a
// module costs nothing for names that only a report or a listing will want.
#pragma once

#include "base/result.hh"

#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace trapeze::wasm {

/// Sparse: index -> name, sorted by index.
struct NameMap {
  std::vector<std::pair<u32, std::string_view>> entries;
  std::string_view find(u32 index) const; ///< empty: none
};

struct IndirectNameMap {
  std::vector<std::pair<u32, NameMap>> entries;
  const NameMap *find(u32 index) const;
};

/// Copies share what is decoded. Thread-safe. Of a section that is malformed, the maps from there on are empty.
class Names {
public:
  Names() = default; ///< of a module without a name section
  /// `section`: its contents, which live as long as what is asked for here is used.
  explicit Names(std::span<const u8> section);

  std::string_view module() const; ///< empty: none
  const NameMap &funcs() const { return plain(1); }
  const IndirectNameMap &locals() const { return indirect(2); }
  const IndirectNameMap &labels() const { return indirect(3); }
  const NameMap &types() const { return plain(4); }
  const NameMap &tables() const { return plain(5); }
  const NameMap &memories() const { return plain(6); }
  const NameMap &globals() const { return plain(7); }
  const NameMap &elements() const { return plain(8); }
  const NameMap &datas() const { return plain(9); }
  const IndirectNameMap &fields() const { return indirect(10); }
  const NameMap &tags() const { return plain(11); }

private:
  struct Section;
  const NameMap &plain(u8 id) const;
  const IndirectNameMap &indirect(u8 id) const;
  std::shared_ptr<Section> section_; ///< null: none
};

/// What is wrong with a name section whose contents begin at `offset` of the module.
Result<void> check_names(std::span<const u8> section, u64 offset);

} // namespace trapeze::wasm
