// All sections are laid out first, so that the header, which stands before them, can say where they are.
#include "abi/cpu.hh"
#include "base/assert.hh"
#include "base/byte_reader.hh"
#include "image/artifact_hash.hh"
#include "image/object.hh"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace trapeze::image {
namespace {

constexpr u8 code_section_id = 10;
constexpr u32 most_in_object = 64; ///< alignment: a linker's sections share pages

/// Where the code section of a module that decodes begins and ends; at its end if it has none.
std::pair<u64, u64> find_code_section(std::span<const u8> module) {
  base::ByteReader reader(module);
  reader.skip(8);
  while (!reader.at_end()) {
    const u64 begin = reader.position();
    const u8 id = reader.u8_();
    const u32 size = reader.leb_u32();
    reader.skip(size);
    if (id == code_section_id)
      return {begin, reader.position()};
  }
  return {module.size(), module.size()};
}

class Writer {
public:
  explicit Writer(const ArtifactInput &input) : input_(input) {}

  std::vector<u8> run() {
    calls_ = hash_handled_calls(input_.image, input_.tags_offset);
    parts_ = make_unwinder_parts(input_.image);
    sections();
    fill_header();
    if (is_object()) {
      for_linker();
      header_.checksum = artifact_checksum(header_);
      return write_elf(file_);
    }
    places();
    header_.checksum = artifact_checksum(header_);
    file_.sections[0].bytes = bytes_of(std::span<const ArtifactHeader>(&header_, 1));
    std::vector<u8> out = write_elf(file_);
    // What covers the whole file comes last, into the fields that it does not cover.
    header_.file_size = out.size();
    header_.checksum = artifact_checksum(header_);
    std::memcpy(out.data() + artifact_header_at, &header_, sizeof header_);
    header_.content_hash = artifact_content_hash(out);
    std::memcpy(out.data() + artifact_header_at, &header_, sizeof header_);
    return out;
  }

private:
  bool is_object() const { return !input_.symbol.empty(); }

  template <typename Row> static std::span<const u8> bytes_of(std::span<const Row> rows) {
    return {reinterpret_cast<const u8 *>(rows.data()), rows.size_bytes()};
  }

  std::span<const u8> table(Table table) const {
    const ImageView &image = input_.image;
    switch (table) {
    case Table::Functions:
      return bytes_of(image.functions);
    case Table::Calls:
      return bytes_of(image.calls);
    case Table::HandledCalls:
      return bytes_of(std::span<const HandledCall>(calls_.slots));
    case Table::Regions:
      return bytes_of(image.regions);
    case Table::Clauses:
      return bytes_of(image.clauses);
    case Table::RefSlots:
      return bytes_of(image.ref_slots);
    case Table::Traps:
      return bytes_of(image.traps);
    case Table::Addresses:
      return bytes_of(image.addresses);
    case Table::Inlined:
      return bytes_of(image.inlined);
    case Table::Epilogues:
      return bytes_of(image.epilogues);
    case Table::LsdaOffsets:
      return bytes_of(std::span<const u32>(parts_.lsda.offset_of));
    case Table::ModuleFront:
      return input_.module.first(find_code_section(input_.module).first);
    case Table::ModuleRest:
      return input_.module.subspan(find_code_section(input_.module).second);
    case Table::Lsda:
      return parts_.lsda.areas();
    case Table::Tags:
      return parts_.lsda.tags();
    case Table::Code:
      return input_.image.code;
    }
    return {};
  }

  static u32 section_of(Table table) { return 1 + static_cast<u32>(table); }

  void sections() {
    using enum ElfSection::Flag;
    static constexpr u32 flags[] = {
#define TABLE(id, section, row, alignment, flags) flags,
#include "image/artifact_tables.def"
    };
    file_.machine = static_cast<ElfMachine>(abi::machine());
    file_.sections.push_back(
        {".trapeze.header", ElfSection::Bits, Alloc, 0, 8, bytes_of(std::span<const ArtifactHeader>(&header_, 1))});
    for (u32 i = 0; i < artifact_table_count; ++i) {
      const ArtifactTableRow &row = artifact_tables[i];
      const u32 alignment = is_object() ? std::min(row.alignment, most_in_object) : row.alignment;
      file_.sections.push_back({row.section, ElfSection::Bits, flags[i], 0, alignment, table(static_cast<Table>(i))});
    }
    add_unwinder_sections(file_, parts_, is_object());
    const u32 unwind = static_cast<u32>(file_.sections.size()) - 3;
    add_symbols(file_, input_.image, input_.names, parts_,
                {section_of(Table::Code), section_of(Table::Lsda), section_of(Table::Tags), unwind, unwind + 1});
  }

  void places() {
    const std::vector<u64> offsets = section_offsets(file_);
    ASSERT(offsets[0] == artifact_header_at);
    for (u32 i = 0; i < artifact_table_count; ++i)
      header_.tables[i].offset = offsets[i + 1];
  }

  /// The header by its names, and where each table is by a relocation: from that field, hence the addend.
  void for_linker() {
    header_.kind = ArtifactHeader::Object;
    std::array<std::span<const u8>, artifact_table_count> tables;
    for (u32 i = 0; i < artifact_table_count; ++i) {
      tables[i] = table(static_cast<Table>(i));
      const u64 field = offsetof(ArtifactHeader, tables) + i * sizeof(ArtifactHeader::Place);
      file_.symbols.push_back({"", 1 + i, 0, 0, ElfSymbol::Section});
      file_.relocations.push_back(
          {0, field, ElfRelocation::Relative64, static_cast<u32>(file_.symbols.size() - 1), static_cast<i64>(field)});
    }
    header_.content_hash = object_content_hash(tables);
    const u64 size = sizeof header_;
    // Protected: a linker would copy a library's variable that an executable names into the executable (copy
    // relocation), away from the tables; so it says that the executable has to be compiled otherwise.
    file_.symbols.push_back({std::string(input_.symbol), 0, 0, size, ElfSymbol::Object, true, false, true});
    file_.symbols.push_back({main_module_name, 0, 0, size, ElfSymbol::Object, true, true, true});
  }

  void fill_header() {
    for (u32 i = 0; i < artifact_table_count; ++i)
      header_.tables[i].size = file_.sections[i + 1].bytes.size();
    header_.engine = {};
    const std::string_view version = input_.engine_version.substr(0, header_.engine.size());
    std::copy(version.begin(), version.end(), header_.engine.begin());
    header_.abi_hash = artifact_abi();
    header_.machine = abi::machine();
    header_.cpu_features = input_.image.cpu | abi::cpu_baseline();
    header_.settings = input_.settings;
    header_.rest_offset = find_code_section(input_.module).second;
    header_.call_hash_shift = calls_.shift;
    header_.module_hash = content_hash(input_.module);
  }

  const ArtifactInput &input_;
  ArtifactHeader header_;
  HandledCalls calls_;
  UnwinderParts parts_;
  ElfFile file_;
};

} // namespace

std::vector<u8> write_artifact(const ArtifactInput &input) { return Writer(input).run(); }

} // namespace trapeze::image
