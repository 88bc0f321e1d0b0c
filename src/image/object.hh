// A compiled module as a relocatable ELF object: code with one symbol for each function, the tables of the system's
// unwinder as sections with relocations, the personality bound by name.
//
//   .text                   the code, calls inside it resolved
//   .gcc_except_table       lsda.hh
//   trapeze_tags            word i is tag index i; an identifier, so that a linker marks its begin and end
//   .eh_frame               cfi.hh
//   .data.rel.personality   8 bytes, the address of `trapeze_personality`: all that a loader writes to
//
// Tools that check the tables read it. What a linker gets is an artifact with the same parts (artifact.hh).
#pragma once

#include "image/cfi.hh"
#include "image/code_image.hh"
#include "image/elf.hh"
#include "image/lsda.hh"

#include <span>
#include <string>
#include <vector>

namespace trapeze::image {

inline constexpr const char *personality_name = "trapeze_personality";

/// What stands beside code for the system's unwinder.
struct UnwinderParts {
  LsdaTables lsda;
  EhFrame frame;
};
UnwinderParts make_unwinder_parts(const ImageView &image);

/// Sections of a file, by index.
struct UnwinderPlaces {
  u32 text, lsda, tags, eh_frame, slot;
};
/// `.eh_frame`, the personality's slot, and the note that the stack needs no execution; `parts` must live until the
/// file is written. An object `for_linker` does not end its `.eh_frame`: others' come behind it.
void add_unwinder_sections(ElfFile &file, const UnwinderParts &parts, bool for_linker = false);
/// Symbols of sections and functions, the personality by name, and all relocations.
void add_symbols(ElfFile &file, const ImageView &image, std::span<const std::string> names, const UnwinderParts &parts,
                 const UnwinderPlaces &places);

/// `names` by row of ImageView::functions; an empty one becomes `wasm-function[i]`, i the module's index.
std::vector<u8> write_object(const ImageView &image, std::span<const std::string> names);

/// What a debugger needs of code that lies at `code_address` already: where it is, the functions' names, `.eh_frame`.
/// The code itself (of which only the size counts) and the LSDA stay where they are. Given to gdb in memory, or in a
/// file.
std::vector<u8> write_debug_object(const ImageView &image, u64 code_size, u64 code_address,
                                   std::span<const std::string> names);

} // namespace trapeze::image
