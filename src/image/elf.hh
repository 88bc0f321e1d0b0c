// ELF files in memory: sections, symbols and relocations in, bytes out. ELF-64 object file format, version 1.5; System
// V ABI, AMD64 supplement (relocation types); ELF for the Arm 64-bit Architecture.
//
// Three readers want compiled code as ELF: tools (readelf, LLVM) that check our tables, debuggers (gdb's JIT interface
// takes an object in memory, sections at their final addresses), and linkers. One writer serves them; it knows nothing
// about WebAssembly.
//
// Layout: header | section contents, aligned | symbol table | names | relocations | section headers. Local symbols come
// before global ones, as the format demands; references to symbols are by their index in the input.
#pragma once

#include "base/types.hh"

#include <span>
#include <string>
#include <vector>

namespace trapeze::image {

enum class ElfKind : u16 {
  Relocatable = 1, ///< addresses 0, relocations beside their sections; or, for a debugger, with addresses
  Executable = 2,  ///< sections at the addresses they have, nothing left to relocate
  Shared = 3,
};
enum class ElfMachine : u16 { X64 = 62, A64 = 183 };

struct ElfSection {
  enum Type : u32 { Bits = 1, NoBits = 8, X64Unwind = 0x70000001 };
  enum Flag : u32 { Write = 1, Alloc = 2, Exec = 4 };
  std::string name;
  Type type = Bits;
  u32 flags = Alloc;
  u64 address = 0;
  u32 alignment = 1;
  std::span<const u8> bytes; ///< must live until the file is written
  u64 size = 0;              ///< of a NoBits section
};

struct ElfSymbol {
  enum Type : u8 { None = 0, Object = 1, Function = 2, Section = 3 };
  static constexpr u32 undefined = ~0u, absolute = ~0u - 1;
  std::string name;
  u32 section = undefined; ///< index in ElfFile::sections
  u64 value = 0;           ///< offset in its section (Relocatable without addresses), else an address
  u64 size = 0;
  Type type = None;
  bool is_global = false, is_weak = false; ///< weak: global, but any other definition is preferred
  bool is_protected = false;               ///< of a shared library: nobody may take or copy its place
};

struct ElfRelocation {
  enum Type : u8 { Relative32, Absolute64, Relative64 }; ///< S + A - P in 4 bytes; S + A in 8; S + A - P in 8
  u32 section;                                           ///< where it is applied: index in ElfFile::sections
  u64 offset;                                            ///< in that section
  Type type = Relative32;
  u32 symbol; ///< index in ElfFile::symbols
  i64 addend = 0;
};

struct ElfFile {
  ElfKind kind = ElfKind::Relocatable;
  ElfMachine machine = ElfMachine::X64;
  std::vector<ElfSection> sections;
  std::vector<ElfSymbol> symbols;
  std::vector<ElfRelocation> relocations;
};

/// Where the contents of each section will stand in the file.
std::vector<u64> section_offsets(const ElfFile &file);
std::vector<u8> write_elf(const ElfFile &file);

} // namespace trapeze::image
