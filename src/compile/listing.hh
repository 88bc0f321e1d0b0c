// Lines that the listings of a compiled image share: who a function is, what a clause catches.
#pragma once

#include "image/code_image.hh"
#include "wasm/func_names.hh"
#include "wasm/module.hh"

#include <string>

namespace trapeze::compile {

/// `$name` or `tag[index]`.
std::string tag_text(const wasm::Module &m, u32 tag);

/// `catch $refused`, `catch_all_ref`.
std::string clause_text(const wasm::Module &m, const image::Clause &clause);

/// `  region 3 in region 2: catch $refused -> pad +0x5e`
std::string region_text(const wasm::Module &m, const image::ImageView &image, u32 region);

/// `func[1] safe: code +0x30..+0x7a, frame 48, saves rbx, instance slot`
std::string function_title(const wasm::FuncNames &names, const image::FunctionRow &row);

} // namespace trapeze::compile
