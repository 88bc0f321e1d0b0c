// `.eh_frame` of an ELF object as LLVM's DWARF reader understands it, in our rows. Apart, as LLVM's headers are large.
#pragma once

#include "image/cfi.hh"

#include <span>
#include <string>
#include <vector>

namespace trapeze::test {

/// False: LLVM refuses it; `fault` says why. Addresses are offsets in .text.
bool read_with_llvm(std::span<const u8> object, std::vector<image::CfiFunction> &out, std::string &fault);

} // namespace trapeze::test
