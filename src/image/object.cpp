#include "image/object.hh"

namespace trapeze::image {
namespace {

void functions(const ImageView &image, std::span<const std::string> names, u32 text, u64 base, ElfFile &out) {
  for (u32 row = 0; row < image.functions.size(); ++row) {
    const FunctionRow &f = image.functions[row];
    std::string name = row < names.size() ? names[row] : "";
    if (name.empty())
      name = "wasm-function[" + std::to_string(f.func) + "]";
    out.symbols.push_back({std::move(name), text, base + f.code_offset, f.text_size, ElfSymbol::Function});
  }
}

} // namespace

UnwinderParts make_unwinder_parts(const ImageView &image) {
  UnwinderParts parts;
  parts.lsda = write_lsda(image);
  parts.frame = write_eh_frame(image, parts.lsda);
  return parts;
}

void add_unwinder_sections(ElfFile &file, const UnwinderParts &parts, bool for_linker) {
  using enum ElfSection::Flag;
  static constexpr u8 empty_slot[8] = {};
  std::span<const u8> frame = parts.frame.bytes;
  if (for_linker)
    frame = frame.first(frame.size() - eh_frame_end_size);
  file.sections.push_back({".eh_frame", ElfSection::X64Unwind, Alloc, 0, 8, frame});
  file.sections.push_back({".data.rel.personality", ElfSection::Bits, Alloc | Write, 0, 8, empty_slot});
  file.sections.push_back({".note.GNU-stack", ElfSection::Bits, 0});
}

void add_symbols(ElfFile &file, const ImageView &image, std::span<const std::string> names, const UnwinderParts &parts,
                 const UnwinderPlaces &places) {
  auto section_symbol = [&](u32 section) {
    file.symbols.push_back({"", section, 0, 0, ElfSymbol::Section});
    return static_cast<u32>(file.symbols.size() - 1);
  };
  const u32 text = section_symbol(places.text), lsda = section_symbol(places.lsda), tags = section_symbol(places.tags);
  const u32 slot = section_symbol(places.slot);
  functions(image, names, places.text, 0, file);
  const u32 personality = static_cast<u32>(file.symbols.size());
  file.symbols.push_back({personality_name, ElfSymbol::undefined, 0, 0, ElfSymbol::None, true});

  for (const LsdaTables::TagReference &r : parts.lsda.references)
    file.relocations.push_back({places.lsda, r.offset, ElfRelocation::Relative32, tags, i64{4} * r.tag});
  for (const EhFrame::Reference &r : parts.frame.references) {
    const u32 target = r.target == EhFrame::Target::Code ? text : r.target == EhFrame::Target::Lsda ? lsda : slot;
    file.relocations.push_back({places.eh_frame, r.offset, ElfRelocation::Relative32, target, r.addend});
  }
  file.relocations.push_back({places.slot, 0, ElfRelocation::Absolute64, personality, 0});
}

std::vector<u8> write_object(const ImageView &image, std::span<const std::string> names) {
  const UnwinderParts parts = make_unwinder_parts(image);
  ElfFile file;
  file.sections = {
      {".text", ElfSection::Bits, ElfSection::Alloc | ElfSection::Exec, 0, 16, image.code},
      {".gcc_except_table", ElfSection::Bits, ElfSection::Alloc, 0, 4, parts.lsda.areas()},
      {"trapeze_tags", ElfSection::Bits, ElfSection::Alloc, 0, 4, parts.lsda.tags()},
  };
  add_unwinder_sections(file, parts);
  add_symbols(file, image, names, parts, {0, 1, 2, 3, 4});
  return write_elf(file);
}

std::vector<u8> write_debug_object(const ImageView &image, u64 code_size, u64 code_address,
                                   std::span<const std::string> names) {
  LsdaTables lsda;
  lsda.offset_of.assign(image.functions.size(), no_lsda);
  EhFrame frame = write_eh_frame(image, lsda);
  const u64 behind = (code_address + code_size + 7) & ~u64{7}; // nobody reads it there: distances count from it
  const u64 slot = behind + frame.bytes.size();
  // An image is smaller than 2 GiB, a damaged row may lie anywhere: then there is no unwind information.
  if (!place(frame, {.eh_frame = behind, .code = code_address, .lsda = slot, .personality_slot = slot}))
    frame.bytes.clear();
  ElfFile file{.kind = ElfKind::Executable};
  file.sections = {
      {".text", ElfSection::NoBits, ElfSection::Alloc | ElfSection::Exec, code_address, 16, {}, code_size},
      {".eh_frame", ElfSection::X64Unwind, ElfSection::Alloc, behind, 8, frame.bytes},
  };
  functions(image, names, 0, code_address, file);
  return write_elf(file);
}

} // namespace trapeze::image
