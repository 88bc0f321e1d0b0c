#include "image/elf.hh"

#include "base/assert.hh"

#include <algorithm>
#include <unordered_map>

namespace trapeze::image {
namespace {

constexpr u32 header_size = 64, section_header_size = 64, symbol_size = 24, relocation_size = 24;
constexpr u32 sht_symtab = 2, sht_strtab = 3, sht_rela = 4;
constexpr u64 shf_info_link = 0x40;
constexpr u16 shn_abs = 0xfff1, first_reserved_index = 0xff00;

/// A table of names: each once, the empty one first.
class Names {
public:
  u32 add(const std::string &name) {
    if (name.empty())
      return 0;
    auto [at, is_new] = offsets_.try_emplace(name, static_cast<u32>(bytes.size()));
    if (is_new) {
      bytes.insert(bytes.end(), name.begin(), name.end());
      bytes.push_back(0);
    }
    return at->second;
  }
  std::vector<u8> bytes{0};

private:
  std::unordered_map<std::string, u32> offsets_;
};

struct Header { ///< of a section
  u32 name = 0, type = 0;
  u64 flags = 0, address = 0, offset = 0, size = 0;
  u32 link = 0, info = 0;
  u64 alignment = 1, entry_size = 0;
};

class Writer {
public:
  explicit Writer(const ElfFile &file) : file_(file) {}

  std::vector<u8> run() {
    out_.resize(header_size);
    headers_.push_back({.alignment = 0});
    for (const ElfSection &s : file_.sections)
      section(s);
    symbols();
    relocations();
    names();
    align(8);
    const u64 table = out_.size();
    for (const Header &h : headers_)
      header(h);
    file_header(table);
    return std::move(out_);
  }

private:
  void put(u64 v, u32 size) {
    for (u32 i = 0; i < size; ++i)
      out_.push_back(static_cast<u8>(v >> (8 * i)));
  }
  void align(u32 to) { out_.resize((out_.size() + to - 1) / to * to); }

  void section(const ElfSection &s) {
    const bool has_bits = s.type != ElfSection::NoBits;
    if (has_bits)
      align(s.alignment);
    headers_.push_back({names_.add(s.name), s.type, s.flags, s.address, out_.size(), has_bits ? s.bytes.size() : s.size,
                        0, 0, s.alignment, 0});
    if (has_bits)
      out_.insert(out_.end(), s.bytes.begin(), s.bytes.end());
  }

  static u8 binding_of(const ElfSymbol &s) { return s.is_weak ? 2 : s.is_global ? 1 : 0; }

  void symbol(const ElfSymbol &s) {
    ASSERT(s.section >= ElfSymbol::absolute || s.section < file_.sections.size());
    put(strings_.add(s.name), 4);
    put(static_cast<u8>(binding_of(s) << 4 | s.type), 1);
    put(s.is_protected ? 3 : 0, 1); // st_other: STV_PROTECTED, STV_DEFAULT
    put(s.section == ElfSymbol::undefined ? 0 : s.section == ElfSymbol::absolute ? shn_abs : s.section + 1, 2);
    put(s.value, 8);
    put(s.size, 8);
  }

  void symbols() {
    align(8);
    symbol_table_ = static_cast<u32>(headers_.size());
    Header h{names_.add(".symtab"), sht_symtab, 0, 0, out_.size()};
    out_.resize(out_.size() + symbol_size);
    index_of_.resize(file_.symbols.size());
    u32 next = 1;
    for (bool is_global : {false, true}) {
      if (is_global)
        h.info = next;
      for (u32 i = 0; i < file_.symbols.size(); ++i)
        if ((binding_of(file_.symbols[i]) != 0) == is_global) {
          symbol(file_.symbols[i]);
          index_of_[i] = next++;
        }
    }
    h.size = u64{next} * symbol_size;
    h.link = symbol_table_ + 1;
    h.alignment = 8;
    h.entry_size = symbol_size;
    headers_.push_back(h);
    headers_.push_back({names_.add(".strtab"), sht_strtab, 0, 0, out_.size(), strings_.bytes.size()});
    out_.insert(out_.end(), strings_.bytes.begin(), strings_.bytes.end());
  }

  u32 relocation_type(ElfRelocation::Type type) const {
    static constexpr u32 x64[] = {2, 1, 24}, a64[] = {261, 257, 260};
    return (file_.machine == ElfMachine::X64 ? x64 : a64)[type];
  }

  /// One section of relocations for each section that has any.
  void relocations() {
    std::vector<const ElfRelocation *> sorted;
    for (const ElfRelocation &r : file_.relocations)
      sorted.push_back(&r);
    std::stable_sort(sorted.begin(), sorted.end(), [](auto *a, auto *b) { return a->section < b->section; });
    for (usize i = 0; i < sorted.size();) {
      const u32 target = sorted[i]->section;
      align(8);
      Header h{names_.add(".rela" + file_.sections[target].name), sht_rela, shf_info_link, 0, out_.size()};
      for (; i < sorted.size() && sorted[i]->section == target; ++i) {
        put(sorted[i]->offset, 8);
        put(u64{index_of_[sorted[i]->symbol]} << 32 | relocation_type(sorted[i]->type), 8);
        put(static_cast<u64>(sorted[i]->addend), 8);
      }
      h.size = out_.size() - h.offset;
      h.link = symbol_table_;
      h.info = target + 1;
      h.alignment = 8;
      h.entry_size = relocation_size;
      headers_.push_back(h);
    }
  }

  void names() {
    const u32 name = names_.add(".shstrtab");
    headers_.push_back({name, sht_strtab, 0, 0, out_.size(), names_.bytes.size()});
    out_.insert(out_.end(), names_.bytes.begin(), names_.bytes.end());
  }

  void header(const Header &h) {
    put(h.name, 4), put(h.type, 4), put(h.flags, 8), put(h.address, 8), put(h.offset, 8), put(h.size, 8);
    put(h.link, 4), put(h.info, 4), put(h.alignment, 8), put(h.entry_size, 8);
  }

  void file_header(u64 section_table) {
    ASSERT(headers_.size() < first_reserved_index);
    std::vector<u8> rest = std::move(out_);
    out_.clear();
    put(0x464c457f, 4), put(0x00010102, 4), put(0, 8); // magic; 64 bits, little-endian, version 1, System V
    put(static_cast<u16>(file_.kind), 2), put(static_cast<u16>(file_.machine), 2), put(1, 4);
    put(0, 8), put(0, 8), put(section_table, 8), put(0, 4); // entry, program headers, section headers, flags
    put(header_size, 2), put(0, 2), put(0, 2), put(section_header_size, 2);
    put(headers_.size(), 2), put(headers_.size() - 1, 2);
    ASSERT(out_.size() == header_size);
    std::copy(out_.begin(), out_.end(), rest.begin());
    out_ = std::move(rest);
  }

  const ElfFile &file_;
  std::vector<u8> out_;
  std::vector<Header> headers_;
  std::vector<u32> index_of_; ///< by input symbol: its place in the table
  u32 symbol_table_ = 0;
  Names names_, strings_;
};

} // namespace

std::vector<u64> section_offsets(const ElfFile &file) {
  std::vector<u64> out;
  u64 at = header_size;
  for (const ElfSection &s : file.sections) {
    const bool has_bits = s.type != ElfSection::NoBits;
    if (has_bits)
      at = (at + s.alignment - 1) / s.alignment * s.alignment;
    out.push_back(at);
    at += has_bits ? s.bytes.size() : 0;
  }
  return out;
}

std::vector<u8> write_elf(const ElfFile &file) { return Writer(file).run(); }

} // namespace trapeze::image
