// A compiled module in a file: what `trapeze compile -o` writes and the runtime maps.
//
// Problem: load in a time that does not grow with the code, share pages between processes, and still be a file that
// readelf, objdump, nm, gdb and a linker understand. Idea: it is a relocatable ELF object whose sections are the
// engine's own tables, each row readable in place; the header stands at a fixed place right behind ELF's and lists
// where the tables are, so that the loader never parses ELF.
//
//   0            ELF header
//   64           ArtifactHeader                    section .trapeze.header
//   ..           tables, in the order of `Table`   sections by artifact_tables[].section
//   page         the code                          .text
//   ..           .eh_frame, .data.rel.personality, relocations, symbols, names: for tools; never read by the loader
//
// The module itself is kept as its own bytes less the code section, in two parts, and decoded as always. LSDA and tag
// section stand behind each other with their distances resolved, so they are read where they lie; their relocations say
// the same to a linker. Everything is little-endian; offsets are from the file's first byte. Compiling the same module
// with the same settings gives the same bytes.
//
// The same as an object for linkers (ArtifactInput::symbol): the descriptor of the module is the header itself, under a
// global name, and the *linker* writes into each `tables[i].offset` how far the table is from the header's first byte
// (signed; R_X86_64_PC64 against the table's section). Distances inside one executable or library never change, so
// nothing of it is written when a program starts. A copy of the header would find nothing: its name is protected, so
// that a linker refuses code that wants one (a copy relocation) of a library's. `open_native` takes a header where it
// lies and finds the tables from it. The content hash is over the tables' contents but the LSDA's, whose entries the
// linker writes too.
//
// What a reader may rely on (open_artifact checks it, in time that does not grow with the file): the header is intact
// and of this engine, every table lies in the file, aligned, a whole number of rows, and the call hash ends. Rows are
// checked where they are used (code_image.hh). Whether the bytes are those that were written, only verify_content says,
// and whether somebody trusted wrote them, check_seal. Code of a file that is neither is run as it is: it can do what
// the process can.
#pragma once

#include "base/result.hh"
#include "image/program.hh"

#include <array>
#include <cstring>
#include <string>
#include <string_view>

namespace trapeze::image {

/// Changes whenever a row or the header does.
inline constexpr u32 artifact_format = 1;
inline constexpr u64 artifact_header_at = 64;

enum class Table : u32 {
#define TABLE(id, section, row, alignment, flags) id,
#include "image/artifact_tables.def"
};

struct ArtifactTableRow {
  const char *section;
  u32 row_size, alignment;
};
inline constexpr ArtifactTableRow artifact_tables[] = {
#define TABLE(id, section, row, alignment, flags) {section, sizeof(row), alignment},
#include "image/artifact_tables.def"
};
inline constexpr u32 artifact_table_count = static_cast<u32>(std::size(artifact_tables));

/// How the module was compiled, as far as code depends on it.
struct ArtifactSettings {
  u64 features = 0; ///< wasm::Features::bits
  u8 opt_level = 0;
  u8 for_size = 0;
  u8 polls = 0;                 ///< loops notice interruption
  u8 prefers_fast_unwinder = 0; ///< of an object: what a program made of it throws with
  u8 reserved[4] = {};
};

struct ArtifactHeader {
  enum Kind : u32 { File = 0, Object = 1 };
  static constexpr std::array<u8, 8> expected_magic = {0x93, 'T', 'P', 'Z', '\r', '\n', 0x1a, '\n'};

  std::array<u8, 8> magic = expected_magic;
  u32 format = artifact_format;
  u32 header_size = sizeof(ArtifactHeader);
  std::array<char, 16> engine = {}; ///< its version, 0-padded
  u64 abi_hash = 0;
  u32 machine = 0, cpu_features = 0; ///< abi/cpu.hh
  ArtifactSettings settings;
  u64 file_size = 0;   ///< 0 in an object
  u64 rest_offset = 0; ///< in the module: where Table::ModuleRest begins
  u32 call_hash_shift = 0;
  u32 kind = File;
  std::array<u8, 16> module_hash = {};  ///< of the module's bytes
  std::array<u8, 16> content_hash = {}; ///< of the whole file but this field; of an object's tables
  std::array<u8, 32> seal = {};         ///< keyed, of the file but content_hash and this; zero: not sealed
  struct Place {
    u64 offset; ///< in the file; in an object, once linked: from the header's first byte, modulo 2^64
    u64 size;
  };
  std::array<Place, artifact_table_count> tables = {};
  u64 checksum = 0; ///< of the header's bytes before, but content_hash and seal, and an object's offsets

  const Place &place(Table table) const { return tables[static_cast<u32>(table)]; }
  std::string_view engine_version() const { return {engine.data(), strnlen(engine.data(), engine.size())}; }
};
static_assert(have_no_padding<ArtifactSettings, ArtifactHeader>);

// --- writing

struct ArtifactInput {
  ImageView image;                    ///< checked, with its code
  std::span<const u8> module;         ///< its bytes
  u32 tags_offset = 0;                ///< abi::InstanceLayout::tags
  std::span<const std::string> names; ///< of functions, as write_object takes them
  std::string_view engine_version;
  ArtifactSettings settings;
  std::string_view symbol = {}; ///< not empty: an object for linkers, whose header has this name
};
std::vector<u8> write_artifact(const ArtifactInput &input);

// --- reading

/// The header of an object that nobody needs to know by name: that of the first one linked.
inline constexpr const char *main_module_name = "trapeze_main_module";

/// Whether the bytes begin like one: then what is wrong with them is said of an artifact.
bool is_artifact(std::span<const u8> bytes);

struct Artifact {
  const ArtifactHeader *header = nullptr;
  std::span<const u8> bytes;                     ///< of the file; empty: linked into the program
  std::span<const u8> module_front, module_rest; ///< the module without its code section
  u64 rest_offset = 0;
  Program program; ///< placing and owner are the caller's; no function count has been compared
};

/// `bytes`: the whole file, 8-aligned. Costs the same for any file.
Result<Artifact> open_artifact(std::span<const u8> bytes, std::string_view engine_version);

/// The header of an object that was linked, where it lies. The tables stay where they are as long as its executable or
/// library is loaded.
Result<Artifact> open_native(const ArtifactHeader &header, std::string_view engine_version);

/// Whether the content is what was written. Of an object: but for the LSDA.
Result<void> verify_content(const Artifact &artifact);

/// A key is any bytes, 16 at least. Sealing writes the header's field; a changed byte anywhere breaks the seal.
Result<void> seal(std::span<u8> artifact, std::span<const u8> key);
Result<void> check_seal(const Artifact &artifact, std::span<const u8> key);

} // namespace trapeze::image
