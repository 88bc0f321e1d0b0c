// XXH3 and BLAKE2b by their libraries.
#include "image/artifact_hash.hh"

#define XXH_INLINE_ALL
#include <sodium/crypto_generichash.h>
#include <sodium/utils.h>
#include <xxhash.h>

#include <cstddef>

namespace trapeze::image {
namespace {

constexpr usize hashes_begin = offsetof(ArtifactHeader, content_hash), hashes_end = offsetof(ArtifactHeader, tables);
constexpr usize seal_begin = offsetof(ArtifactHeader, seal);
constexpr usize shortest_key = crypto_generichash_KEYBYTES_MIN;

/// The file in front of the content hash, and from `behind` in the header on.
std::array<std::span<const u8>, 2> parts(std::span<const u8> file, usize behind) {
  return {file.first(artifact_header_at + hashes_begin), file.subspan(artifact_header_at + behind)};
}

std::array<u8, 16> canonical(XXH128_hash_t hash) {
  XXH128_canonical_t bytes;
  XXH128_canonicalFromHash(&bytes, hash);
  std::array<u8, 16> out;
  std::copy(std::begin(bytes.digest), std::end(bytes.digest), out.begin());
  return out;
}

/// The key's own hash is the MAC's key, so that it may be of any length.
Result<std::array<u8, 32>> mac(std::span<const u8> file, std::span<const u8> key) {
  if (key.size() < shortest_key)
    return fail(ErrorKind::Unsupported, 0, "the key is shorter than 16 bytes");
  std::array<u8, 32> derived, out;
  crypto_generichash(derived.data(), derived.size(), key.data(), key.size(), nullptr, 0);
  crypto_generichash_state state;
  crypto_generichash_init(&state, derived.data(), derived.size(), out.size());
  for (std::span<const u8> part : parts(file, hashes_end))
    crypto_generichash_update(&state, part.data(), part.size());
  crypto_generichash_final(&state, out.data(), out.size());
  return out;
}

} // namespace

u64 artifact_checksum(const ArtifactHeader &given) {
  ArtifactHeader header = given;
  if (header.kind == ArtifactHeader::Object)
    for (ArtifactHeader::Place &place : header.tables)
      place.offset = 0;
  const auto *bytes = reinterpret_cast<const u8 *>(&header);
  const u64 front = XXH3_64bits(bytes, hashes_begin);
  return XXH3_64bits_withSeed(bytes + hashes_end, offsetof(ArtifactHeader, checksum) - hashes_end, front);
}

std::array<u8, 16> content_hash(std::span<const u8> bytes) {
  return canonical(XXH3_128bits(bytes.data(), bytes.size()));
}

std::array<u8, 16> artifact_content_hash(std::span<const u8> file) {
  const auto [front, rest] = parts(file, seal_begin);
  return canonical(XXH3_128bits_withSeed(rest.data(), rest.size(), XXH3_64bits(front.data(), front.size())));
}

std::array<u8, 16> object_content_hash(std::span<const std::span<const u8>> tables) {
  XXH3_state_t state;
  XXH3_INITSTATE(&state);
  XXH3_128bits_reset(&state);
  for (u32 i = 0; i < tables.size(); ++i)
    if (static_cast<Table>(i) != Table::Lsda)
      XXH3_128bits_update(&state, tables[i].data(), tables[i].size());
  return canonical(XXH3_128bits_digest(&state));
}

Result<void> seal(std::span<u8> artifact, std::span<const u8> key) {
  const std::array<u8, 32> made = TRY_VALUE(mac(artifact, key));
  auto *header = reinterpret_cast<ArtifactHeader *>(artifact.data() + artifact_header_at);
  header->seal = made;
  header->content_hash = artifact_content_hash(artifact);
  return {};
}

Result<void> check_seal(const Artifact &artifact, std::span<const u8> key) {
  const std::array<u8, 32> wanted = TRY_VALUE(mac(artifact.bytes, key));
  if (artifact.header->seal == std::array<u8, 32>{})
    return fail(ErrorKind::Unsupported, 0, "the compiled module has no seal, and only sealed ones are wanted");
  if (sodium_memcmp(wanted.data(), artifact.header->seal.data(), wanted.size()) != 0)
    return fail(ErrorKind::Unsupported, 0, "the compiled module was not sealed with this key, or was changed since");
  return {};
}

} // namespace trapeze::image
