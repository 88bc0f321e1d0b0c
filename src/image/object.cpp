#include "image/object.hh"

#include "base/assert.hh"
#include "image/cfi.hh"
#include "image/lsda.hh"

namespace trapeze::image {
namespace {

/// Sections in the order of the file; a section's symbol has the same index.
enum Place : u32 { Text, Lsda, Tags, Unwind, Slot, place_count };

void functions(const ImageView &image, std::span<const std::string> names, u64 base, ElfFile &out) {
  for (u32 row = 0; row < image.functions.size(); ++row) {
    const FunctionRow &f = image.functions[row];
    std::string name = row < names.size() ? names[row] : "";
    if (name.empty())
      name = "wasm-function[" + std::to_string(f.func) + "]";
    out.symbols.push_back({std::move(name), Text, base + f.code_offset, f.text_size, ElfSymbol::Function});
  }
}

} // namespace

std::vector<u8> write_object(const ImageView &image, std::span<const std::string> names) {
  const LsdaTables lsda = write_lsda(image);
  const EhFrame frame = write_eh_frame(image, lsda);
  static constexpr u8 empty_slot[8] = {};
  ElfFile file;
  file.sections = {
      {".text", ElfSection::Bits, ElfSection::Alloc | ElfSection::Exec, 0, 16, image.code},
      {".gcc_except_table", ElfSection::Bits, ElfSection::Alloc, 0, 4, lsda.areas()},
      {"trapeze_tags", ElfSection::Bits, ElfSection::Alloc, 0, 4, lsda.tags()},
      {".eh_frame", ElfSection::X64Unwind, ElfSection::Alloc, 0, 8, frame.bytes},
      {".data.rel.personality", ElfSection::Bits, ElfSection::Alloc | ElfSection::Write, 0, 8, empty_slot},
      {".note.GNU-stack", ElfSection::Bits, 0},
  };
  for (u32 section = 0; section < place_count; ++section)
    file.symbols.push_back({"", section, 0, 0, ElfSymbol::Section});
  functions(image, names, 0, file);
  const u32 personality = static_cast<u32>(file.symbols.size());
  file.symbols.push_back({personality_name, ElfSymbol::undefined, 0, 0, ElfSymbol::None, true});

  for (const LsdaTables::TagReference &r : lsda.references)
    file.relocations.push_back({Lsda, r.offset, ElfRelocation::Relative32, Tags, i64{4} * r.tag});
  for (const EhFrame::Reference &r : frame.references) {
    const u32 target = r.target == EhFrame::Target::Code ? Text : r.target == EhFrame::Target::Lsda ? Lsda : Slot;
    file.relocations.push_back({Unwind, r.offset, ElfRelocation::Relative32, target, r.addend});
  }
  file.relocations.push_back({Slot, 0, ElfRelocation::Absolute64, personality, 0});
  return write_elf(file);
}

std::vector<u8> write_debug_object(const ImageView &image, u64 code_size, u64 code_address,
                                   std::span<const std::string> names) {
  LsdaTables lsda;
  lsda.offset_of.assign(image.functions.size(), no_lsda);
  EhFrame frame = write_eh_frame(image, lsda);
  const u64 behind = (code_address + code_size + 7) & ~u64{7}; // nobody reads it there: distances count from it
  const u64 slot = behind + frame.bytes.size();
  const bool is_placed =
      place(frame, {.eh_frame = behind, .code = code_address, .lsda = slot, .personality_slot = slot});
  ASSERT(is_placed); // an image is smaller than 2 GiB
  ElfFile file{.kind = ElfKind::Executable};
  file.sections = {
      {".text", ElfSection::NoBits, ElfSection::Alloc | ElfSection::Exec, code_address, 16, {}, code_size},
      {".eh_frame", ElfSection::X64Unwind, ElfSection::Alloc, behind, 8, frame.bytes},
  };
  functions(image, names, code_address, file);
  return write_elf(file);
}

} // namespace trapeze::image
