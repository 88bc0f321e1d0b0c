// damage FILE KEYED KEY COUNT SEED: what becomes of a compiled module that is cut or changed.
//
//   cut          at every 4 KiB and around the header: refused, with or without a check of the content
//   hash         a changed byte anywhere: refused where the content is checked
//   key          the same for the sealed file, where the key is asked for; and a seal of another key
//   header       without such checks, a changed byte in the header: refused
//   tables       without checks, a changed byte anywhere else: refused, or loaded and then every look-up of the walker
//   and
//                every table that is printed goes through, over all of the code. Nothing is run: changed code does what
//                it does.
#include "api/impl.hh"
#include "image/artifact_hash.hh"
#include "unwind/find_handler.hh"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

using namespace trapeze;

namespace {

using Bytes = std::vector<u8>;
u64 passed = 0, failed = 0;

void check(bool holds, const char *what, u64 at) {
  ++(holds ? passed : failed);
  if (!holds)
    std::printf("FAIL %s at byte %llu\n", what, static_cast<unsigned long long>(at));
}

Bytes read(const char *path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Refused with a message of one line.
bool is_refused(const Engine &engine, std::span<const u8> bytes, const LoadOptions &options) {
  try {
    Module::load(engine, bytes, options);
  } catch (const v1::Error &error) {
    return !error.message().empty() && error.message().find('\n') == std::string::npos;
  }
  return false;
}

/// Whatever the walker, the fault handler, the collector and reports ask of tables.
u64 ask(const Module &module) {
  const runtime::Code &code = *module.impl().code;
  const image::ImageView &image = code.image();
  const u64 base = reinterpret_cast<u64>(code.base());
  std::vector<u64> context(code.layout().size / 8 + 1, 1);
  int thrown = 0;
  u64 found = module.imports().size() + module.exports().size() + module.custom_sections("name").size();
  auto ask_at = [&](u32 offset) {
    const image::FunctionRow *function = image.find_function(offset);
    found += function != nullptr ? image.func_of(*function) : 0;
    found += image.find_trap(offset) != nullptr;
    found += image.wasm_offset(offset) != ~0u;
    if (const image::CallSiteRow *call = image.find_call(offset))
      for (i32 slot : image.slots_of(*call))
        found += static_cast<u32>(slot);
    u64 words[8] = {};
    words[0] = reinterpret_cast<u64>(words + 4);
    words[1] = base + offset;
    words[3] = reinterpret_cast<u64>(context.data());
    words[4] = reinterpret_cast<u64>(words + 6);
    unwind::Landing landing{};
    if (unwind::find_handler(reinterpret_cast<u64>(words), words[4], &thrown, landing))
      found += landing.pc - base < code.loaded().size ? 1 : (check(false, "a pad outside", offset), 0);
  };
  for (const image::CallSiteRow &call : image.calls)
    ask_at(call.return_offset % (static_cast<u32>(image.code.size()) + 2));
  for (u32 offset = 1; offset < image.code.size(); offset += 61)
    ask_at(offset);
  const image::LsdaView &lsda = code.loaded().lsda;
  for (u32 row = 0; row < image.functions.size(); ++row) {
    found += reinterpret_cast<u64>(code.entry_of(code.module().imported_funcs + row)) - base < code.loaded().size;
    found += image.epilogues_of(row).size();
    if (row >= lsda.offset_of.size() || lsda.offset_of[row] >= lsda.areas.size())
      continue;
    image::LsdaReader reader(lsda.areas.subspan(lsda.offset_of[row]), lsda.tags);
    image::LsdaCall call;
    image::LsdaClause clause;
    for (u32 offset = 0; offset < 512; offset += 5)
      if (reader.find(offset, call))
        for (auto chain = reader.chain(call.action); chain.next(clause);)
          ++found;
  }
  return found;
}

void flip(Bytes &bytes, u64 at, std::mt19937_64 &random) { bytes[at] ^= static_cast<u8>(1 + random() % 255); }

} // namespace

int main(int argc, char **argv) {
  if (argc != 6)
    return std::fputs("usage: damage FILE KEYED KEY COUNT SEED\n", stderr), 2;
  const Bytes good = read(argv[1]), keyed = read(argv[2]), key = read(argv[3]);
  const u64 count = std::strtoull(argv[4], nullptr, 10);
  std::mt19937_64 random(std::strtoull(argv[5], nullptr, 10));
  Config config;
  config.unwinder(Unwinder::System).debug_info(true); // both sets of tables are asked, and shown to a debugger
  const Engine engine(config);
  constexpr u64 header_end = image::artifact_header_at + sizeof(image::ArtifactHeader);
  const LoadOptions verified{.verify = true}, with_key{.key = key};

  check(!is_refused(engine, good, verified), "intact file refused", 0);
  check(!is_refused(engine, keyed, with_key), "sealed file refused", 0);
  check(is_refused(engine, good, with_key), "file without seal", 0);
  Bytes other = key;
  other[0] ^= 1;
  check(is_refused(engine, keyed, {.key = other}), "another key", 0);

  for (u64 size = 0; size < good.size(); size += size < header_end ? 8 : 4096)
    check(is_refused(engine, std::span(good).first(size), {}), "cut", size);
  for (u64 i = 0; i < count; ++i) {
    Bytes bytes = i % 2 == 0 ? good : keyed;
    const u64 at = random() % bytes.size();
    flip(bytes, at, random);
    check(is_refused(engine, bytes, i % 2 == 0 ? verified : with_key), i % 2 == 0 ? "hash" : "key", at);
  }
  // hashes and seal are no part of what the checksum covers
  for (u64 at = image::artifact_header_at; at < header_end; ++at) {
    const u64 in_header = at - image::artifact_header_at;
    if (in_header >= offsetof(image::ArtifactHeader, content_hash) &&
        in_header < offsetof(image::ArtifactHeader, tables))
      continue;
    Bytes bytes = good;
    flip(bytes, at, random);
    check(is_refused(engine, bytes, {}), "header", at);
  }
  u64 found = 0, loaded = 0;
  for (u64 i = 0; i < count; ++i) {
    Bytes bytes = good;
    auto *header = reinterpret_cast<image::ArtifactHeader *>(bytes.data() + image::artifact_header_at);
    for (u64 k = 0; k < 1 + random() % 4; ++k) {
      if (random() % 4 == 0) { // a header that lies, with a checksum that fits
        flip(bytes, image::artifact_header_at + random() % sizeof(image::ArtifactHeader), random);
      } else {
        const auto &place = header->tables[random() % image::artifact_table_count];
        if (place.size != 0 && place.offset < bytes.size() && place.size <= bytes.size() - place.offset)
          flip(bytes, place.offset + random() % place.size, random);
      }
    }
    header->checksum = image::artifact_checksum(*header);
    try {
      found += ask(Module::load(engine, bytes, {}));
      ++loaded;
    } catch (const v1::Error &) {
    }
    ++passed;
  }
  check(loaded > count / 10 && found > loaded, "too few damaged files were loaded to tell anything", loaded);
  std::printf("%llu of %llu damaged files loaded, %llu rows followed\n%llu passed, %llu failed\n",
              static_cast<unsigned long long>(loaded), static_cast<unsigned long long>(count),
              static_cast<unsigned long long>(found), static_cast<unsigned long long>(passed),
              static_cast<unsigned long long>(failed));
  return failed != 0;
}
