// The hashes of an artifact, over its bytes but the fields that hold them. XXH3 is for accidents and caches; what
// keeps enemies out is the seal: BLAKE2b, keyed.
#pragma once

#include "image/artifact.hh"

namespace trapeze::image {

/// Of the contract with the runtime and the layout of the file.
u64 artifact_abi();
u64 artifact_checksum(const ArtifactHeader &header);
std::array<u8, 16> artifact_content_hash(std::span<const u8> file);
/// `tables` by Table; what a linker writes is left out.
std::array<u8, 16> object_content_hash(std::span<const std::span<const u8>> tables);
std::array<u8, 16> content_hash(std::span<const u8> bytes);

} // namespace trapeze::image
