// Artifacts: what is written is read, in place; what differs is refused, each with its own words.
#include "abi/cpu.hh"
#include "image/artifact.hh"
#include "image/artifact_hash.hh"
#include "image/object.hh"

#include <doctest/doctest.h>

#include <cstring>

using namespace trapeze;
using namespace trapeze::image;

namespace {

/// A module's bytes with a code section in the middle: header, custom "a", code of 3 bytes, custom "b".
const std::vector<u8> module_bytes = {0, 'a', 's', 'm', 1, 0, 0, 0, 0, 3, 1, 'a', 7, 10, 3, 1, 2, 3, 0, 2, 1, 'b'};

CodeImage two_functions() {
  CodeImage image;
  image.code.assign(0x60, 0x90);
  image.functions = {{1, 0, 0x20, {.size = 16}, 0x20, 0, 0}, {2, 0x20, 0x40, {.size = 32}, 0x38, 0, 0}};
  image.calls = {{0x10, 0, no_region, 0, 0}, {0x30, 1, 0, 0, 1}};
  image.regions = {{no_region, 0, 2, 0x50}};
  image.clauses = {{0, 0x48, 0}, {catch_all_tag, 0x4c, 1}};
  image.ref_slots = {-24};
  image.traps = {{0x18, abi::TrapCode::Unreachable}};
  image.addresses = {{0, 15}, {0x20, 17}};
  image.epilogues = {{0x1a, 0x20}};
  return image;
}

std::vector<u8> written(std::string_view version = "1.2.3") {
  const CodeImage image = two_functions();
  const std::string names[] = {"first", ""};
  return write_artifact(
      {.image = image, .module = module_bytes, .tags_offset = 64, .names = names, .engine_version = version});
}

ArtifactHeader &header_of(std::vector<u8> &file) {
  return *reinterpret_cast<ArtifactHeader *>(file.data() + artifact_header_at);
}

/// The message that the file is refused with after `change` to its header, whose checksum is made to fit.
template <typename Change> std::string refusal(Change &&change) {
  std::vector<u8> file = written();
  change(header_of(file));
  header_of(file).checksum = artifact_checksum(header_of(file));
  auto artifact = open_artifact(file, "1.2.3");
  return artifact ? "" : artifact.error().message;
}

bool has(const std::string &text, const char *part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE("tables are read where they lie") {
  const std::vector<u8> file = written();
  REQUIRE(is_artifact(file));
  auto artifact = open_artifact(file, "1.2.3");
  REQUIRE(artifact.has_value());
  CHECK(verify_content(*artifact).has_value());
  const CodeImage wanted = two_functions();
  const ImageView &image = artifact->program.image;
  auto same = [](auto rows, const auto &expected) {
    return rows.size() == expected.size() && std::memcmp(rows.data(), expected.data(), rows.size_bytes()) == 0;
  };
  CHECK(same(image.code, wanted.code));
  CHECK(same(image.functions, wanted.functions));
  CHECK(same(image.calls, wanted.calls));
  CHECK(same(image.regions, wanted.regions));
  CHECK(same(image.clauses, wanted.clauses));
  CHECK(same(image.ref_slots, wanted.ref_slots));
  CHECK(same(image.traps, wanted.traps));
  CHECK(same(image.addresses, wanted.addresses));
  CHECK(same(image.epilogues, wanted.epilogues));
  CHECK(image.code.data() - file.data() == static_cast<i64>(artifact->program.file_offset));
  CHECK(artifact->program.file_offset % 4096 == 0);
  CHECK(artifact->program.handled_calls.is_usable());
  const LsdaTables lsda = write_lsda(wanted);
  CHECK(same(artifact->program.lsda.areas, lsda.areas()));
  CHECK(same(artifact->program.lsda.tags, lsda.tags()));
}

TEST_CASE("the module is kept without its code section, at its old offsets") {
  const std::vector<u8> file = written();
  auto artifact = open_artifact(file, "1.2.3");
  REQUIRE(artifact.has_value());
  CHECK(artifact->module_front.size() == 13);
  CHECK(artifact->module_rest.size() == 4);
  CHECK(artifact->rest_offset == 18);
}

TEST_CASE("the same input gives the same bytes") { CHECK(written() == written()); }

TEST_CASE("what differs is said") {
  CHECK(refusal([](ArtifactHeader &) {}) == "");
  CHECK(has(refusal([](ArtifactHeader &h) { h.format = 9; }), "format 9"));
  CHECK(has(refusal([](ArtifactHeader &h) { h.engine[0] = '7'; }), "version 7.2.3"));
  CHECK(has(refusal([](ArtifactHeader &h) { h.abi_hash ^= 1; }), "interface"));
  CHECK(has(refusal([](ArtifactHeader &h) { h.machine = 183; }), "architecture"));
  CHECK(has(refusal([](ArtifactHeader &h) { h.cpu_features = 1u << 31; }), "processor"));
  CHECK(has(refusal([](ArtifactHeader &h) { h.file_size += 1; }), "bytes of"));
  CHECK(has(refusal([](ArtifactHeader &h) { h.tables[0].offset = ~u64{0} - 3; }), ".trapeze.functions"));
  CHECK(has(refusal([](ArtifactHeader &h) { h.tables[1].size -= 1; }), ".trapeze.calls"));
  CHECK(has(refusal([](ArtifactHeader &h) { h.call_hash_shift = 3; }), "hash of calls"));
  std::vector<u8> file = written();
  header_of(file).settings.opt_level ^= 1; // and the checksum does not fit
  CHECK(has(open_artifact(file, "1.2.3").error().message, "header"));
  CHECK(has(open_artifact(std::span(file).first(100), "1.2.3").error().message, "in its header"));
  CHECK(has(open_artifact(module_bytes, "1.2.3").error().message, "not a compiled module"));
}

TEST_CASE("a seal holds for its key and its bytes") {
  std::vector<u8> file = written();
  const std::vector<u8> key(16, 5), other(17, 5), too_short(15, 5);
  CHECK(has(check_seal(*open_artifact(file, "1.2.3"), key).error().message, "no seal"));
  REQUIRE(seal(file, key).has_value());
  auto artifact = open_artifact(file, "1.2.3");
  REQUIRE(artifact.has_value());
  CHECK(verify_content(*artifact).has_value());
  CHECK(check_seal(*artifact, key).has_value());
  CHECK(!check_seal(*artifact, other).has_value());
  CHECK(!seal(file, too_short).has_value());
  file.back() ^= 1;
  CHECK(!check_seal(*artifact, key).has_value());
  CHECK(!verify_content(*artifact).has_value());
}

namespace {

std::vector<u8> object() {
  const CodeImage image = two_functions();
  const std::string names[] = {"first", ""};
  return write_artifact({.image = image,
                         .module = module_bytes,
                         .tags_offset = 64,
                         .names = names,
                         .engine_version = "1.2.3",
                         .symbol = "app_module"});
}

/// What a linker does with it: the file as it is, tables where they are, their distances written.
ArtifactHeader &link(std::vector<u8> &file) {
  ArtifactHeader &header = header_of(file);
  u64 at = artifact_header_at + sizeof header;
  for (u32 i = 0; i < artifact_table_count; ++i) {
    const u64 alignment = std::min(artifact_tables[i].alignment, 64u);
    at = (at + alignment - 1) / alignment * alignment;
    header.tables[i].offset = at - artifact_header_at;
    at += header.tables[i].size;
  }
  return header;
}

} // namespace

TEST_CASE("an object is not loaded as a file; linked, its tables count from the header") {
  std::vector<u8> file = object();
  REQUIRE(is_artifact(file));
  auto as_file = open_artifact(file, "1.2.3");
  REQUIRE(!as_file.has_value());
  CHECK(has(as_file.error().message, "linked into a program"));
  auto unlinked = open_native(header_of(file), "1.2.3");
  REQUIRE(!unlinked.has_value());
  CHECK(has(unlinked.error().message, "the linker did not say"));

  const ArtifactHeader &header = link(file);
  auto linked = open_native(header, "1.2.3");
  REQUIRE(linked.has_value());
  CHECK(linked->program.placing == Program::Placing::InPlace);
  CHECK(linked->program.is_checked);
  const CodeImage wanted = two_functions();
  const ImageView &image = linked->program.image;
  REQUIRE(image.functions.size() == 2);
  CHECK(std::memcmp(image.code.data(), wanted.code.data(), wanted.code.size()) == 0);
  CHECK(std::memcmp(image.functions.data(), wanted.functions.data(), image.functions.size_bytes()) == 0);
  CHECK(verify_content(*linked).has_value());
}

TEST_CASE("a linked object is refused like a file, and a file's header is not taken for one") {
  auto refusal_of = [](auto &&change, bool fits = true) -> std::string {
    std::vector<u8> file = object();
    ArtifactHeader &header = link(file);
    change(header, file);
    if (fits)
      header.checksum = artifact_checksum(header);
    auto opened = open_native(header, "1.2.3");
    auto verified = opened ? verify_content(*opened) : Result<void>();
    return !opened ? opened.error().message : !verified ? verified.error().message : "";
  };
  auto nothing = [](auto &, auto &) {};
  CHECK(refusal_of(nothing) == "");
  CHECK(has(refusal_of([](auto &h, auto &) { h.format += 1; }), "format"));
  CHECK(has(refusal_of([](auto &h, auto &) { h.engine[0] = '9'; }), "version 9.2.3"));
  CHECK(has(refusal_of([](auto &h, auto &) { h.abi_hash ^= 1; }), "interface"));
  CHECK(has(refusal_of([](auto &h, auto &) { h.machine = 1; }), "architecture"));
  CHECK(has(refusal_of([](auto &h, auto &) { h.settings.features ^= 1; }, false), "header"));
  CHECK(has(refusal_of([](auto &h, auto &) { h.kind = ArtifactHeader::File; }), "a file's"));
  CHECK(has(refusal_of([](auto &h, auto &) { h.magic[0] = 0; }), "not a native module"));
  CHECK(has(refusal_of([](auto &h, auto &file) { file[artifact_header_at + h.place(Table::Code).offset] ^= 1; }),
            "content"));
}

TEST_CASE("an object's symbols: the module's name, the weak main name, the personality; functions are local") {
  const std::vector<u8> file = object();
  const std::string text(file.begin(), file.end());
  CHECK(has(text, "app_module"));
  CHECK(has(text, main_module_name));
  CHECK(has(text, personality_name));
  CHECK(object() == object());
}
