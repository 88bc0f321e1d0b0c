// Compiled functions, in order of their index, into one image: code at multiples of 16 bytes, tables rebased,
// calls between functions resolved.
#pragma once

#include "image/code_image.hh"

#include <span>

namespace trapeze::compile {

/// `functions[i]` is the i-th defined function of the module.
image::CodeImage link(std::span<const image::CompiledFunction> functions, u32 imported_funcs);

} // namespace trapeze::compile
