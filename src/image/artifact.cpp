// What stands in an artifact, checked from the outside in: is it one, is it whole, is it ours, does this machine run
// it. A linked object is the same from another origin: its tables count from its header, not from a file's first byte.
#include "image/artifact.hh"

#include "abi/abi_hash.hh"
#include "abi/cpu.hh"
#include "image/artifact_hash.hh"

#include <fmt/format.h>

#include <cstring>

namespace trapeze::image {
namespace {

constexpr u64 most_code = u64{1} << 31; // a direct call reaches the whole image

std::unexpected<Error> refuse(std::string message) { return fail(ErrorKind::Unsupported, 0, std::move(message)); }
std::unexpected<Error> damaged(std::string what) {
  return fail(ErrorKind::Malformed, 0, "the compiled module is damaged: " + std::move(what));
}

/// In the order in which a difference explains most.
Result<void> check_origin(const ArtifactHeader &header, std::string_view engine_version) {
  if (header.format != artifact_format)
    return refuse(fmt::format("compiled into format {}, this engine reads format {}: compile it again", header.format,
                              artifact_format));
  if (header.header_size != sizeof header || artifact_checksum(header) != header.checksum)
    return damaged("its header is not what was written");
  if (header.engine_version() != engine_version)
    return refuse(fmt::format("compiled by version {} of the engine, this is version {}: compile it again",
                              header.engine_version(), engine_version));
  if (header.abi_hash != artifact_abi())
    return refuse(fmt::format("compiled for runtime interface {:016x}, this engine has {:016x}: compile it again",
                              header.abi_hash, artifact_abi()));
  if (header.machine != abi::machine())
    return refuse(fmt::format("compiled for another processor architecture (ELF machine {}, here {})", header.machine,
                              abi::machine()));
  if (u32 lacks = header.cpu_features & ~abi::cpu_features_here())
    return refuse("compiled for a processor with " + abi::cpu_feature_names(lacks) + ", which this one lacks");
  return {};
}

Result<void> check_places(const ArtifactHeader &header, u64 size) {
  if (header.file_size != size)
    return damaged(fmt::format("it has {} bytes of {}", size, header.file_size));
  for (u32 i = 0; i < artifact_table_count; ++i) {
    const auto [offset, bytes] = header.tables[i];
    if (offset > size || bytes > size - offset || offset % artifact_tables[i].alignment != 0)
      return damaged(fmt::format("its section {} is not inside", artifact_tables[i].section));
  }
  return {};
}

/// Of a linked object. What lies where is the linker's word; that it has spoken at all is seen.
Result<void> check_distances(const ArtifactHeader &header) {
  for (u32 i = 0; i < artifact_table_count; ++i) {
    const auto [offset, bytes] = header.tables[i];
    if (bytes != 0 && (offset < sizeof header || offset % 4 != 0))
      return damaged(fmt::format("the linker did not say where its section {} is", artifact_tables[i].section));
  }
  return {};
}

Result<void> check_sizes(const ArtifactHeader &header) {
  for (u32 i = 0; i < artifact_table_count; ++i)
    if (header.tables[i].size % artifact_tables[i].row_size != 0)
      return damaged(fmt::format("its section {} is not inside", artifact_tables[i].section));
  if (header.place(Table::Code).size > most_code)
    return damaged("it has more code than calls can reach");
  if (header.place(Table::LsdaOffsets).size / 4 != header.place(Table::Functions).size / sizeof(FunctionRow))
    return damaged("its exception tables are of other functions");
  return {};
}

template <typename Row> std::span<const Row> rows(const Artifact &a, Table table) {
  const ArtifactHeader::Place &place = a.header->place(table);
  const void *origin = a.bytes.empty() ? static_cast<const void *>(a.header) : a.bytes.data();
  return {reinterpret_cast<const Row *>(reinterpret_cast<u64>(origin) + place.offset), place.size / sizeof(Row)};
}

Result<void> fill(Artifact &a) {
  TRY(check_sizes(*a.header));
  a.module_front = rows<u8>(a, Table::ModuleFront);
  a.module_rest = rows<u8>(a, Table::ModuleRest);
  a.rest_offset = a.header->rest_offset;
  Program &p = a.program;
  p.image = {rows<u8>(a, Table::Code),
             rows<FunctionRow>(a, Table::Functions),
             rows<CallSiteRow>(a, Table::Calls),
             rows<Region>(a, Table::Regions),
             rows<Clause>(a, Table::Clauses),
             rows<i32>(a, Table::RefSlots),
             rows<TrapRow>(a, Table::Traps),
             rows<AddressEntry>(a, Table::Addresses),
             rows<abi::InlinedPosition>(a, Table::Inlined),
             rows<Epilogue>(a, Table::Epilogues)};
  p.image.cpu = a.header->cpu_features;
  p.lsda = {rows<u8>(a, Table::Lsda), rows<u8>(a, Table::Tags), rows<u32>(a, Table::LsdaOffsets)};
  p.handled_calls = {rows<HandledCall>(a, Table::HandledCalls), a.header->call_hash_shift};
  if (!p.handled_calls.is_usable())
    return damaged("its hash of calls does not end");
  return {};
}

std::array<u8, 16> content_hash_of(const Artifact &a) {
  if (!a.bytes.empty())
    return artifact_content_hash(a.bytes);
  std::array<std::span<const u8>, artifact_table_count> tables;
  for (u32 i = 0; i < artifact_table_count; ++i)
    tables[i] = rows<u8>(a, static_cast<Table>(i));
  return object_content_hash(tables);
}

} // namespace

u64 artifact_abi() {
  abi::ConstantHash hash;
  hash.add(abi::abi_hash()).add(sizeof(ArtifactHeader));
#define TABLE(id, section, row, alignment, flags) hash.add(#id).add(sizeof(row));
#include "image/artifact_tables.def"
  return hash.value();
}

bool is_artifact(std::span<const u8> bytes) {
  constexpr auto &magic = ArtifactHeader::expected_magic;
  static constexpr u8 elf[] = {0x7f, 'E', 'L', 'F'};
  return bytes.size() >= artifact_header_at + magic.size() && std::memcmp(bytes.data(), elf, sizeof elf) == 0 &&
         std::memcmp(bytes.data() + artifact_header_at, magic.data(), magic.size()) == 0;
}

Result<Artifact> open_artifact(std::span<const u8> bytes, std::string_view engine_version) {
  if (!is_artifact(bytes))
    return fail(ErrorKind::Malformed, 0, "not a compiled module");
  if (bytes.size() < artifact_header_at + sizeof(ArtifactHeader))
    return damaged(fmt::format("it ends after {} bytes, in its header", bytes.size()));
  Artifact a;
  a.bytes = bytes;
  a.header = reinterpret_cast<const ArtifactHeader *>(bytes.data() + artifact_header_at);
  TRY(check_origin(*a.header, engine_version));
  if (a.header->kind != ArtifactHeader::File)
    return refuse("a native object: it is linked into a program, not loaded (docs/artifacts.md)");
  TRY(check_places(*a.header, bytes.size()));
  TRY(fill(a));
  a.program.is_checked = false;
  a.program.file_offset = a.header->place(Table::Code).offset;
  return a;
}

Result<Artifact> open_native(const ArtifactHeader &header, std::string_view engine_version) {
  if (header.magic != ArtifactHeader::expected_magic)
    return fail(ErrorKind::Malformed, 0, "not a native module");
  Artifact a;
  a.header = &header;
  TRY(check_origin(header, engine_version));
  if (header.kind != ArtifactHeader::Object)
    return damaged("its header is a file's");
  TRY(check_distances(header));
  TRY(fill(a));
  // Its tables are the compiler's, and as trustworthy as all else in the program: who can change them can change code.
  a.program.is_checked = true;
  a.program.placing = Program::Placing::InPlace;
  return a;
}

Result<void> verify_content(const Artifact &artifact) {
  if (content_hash_of(artifact) != artifact.header->content_hash)
    return damaged("its content is not what was written");
  return {};
}

} // namespace trapeze::image
