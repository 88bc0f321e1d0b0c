// The custom sections the engine reads. Spec: Appendix, Custom Sections; the branch hinting proposal.
#pragma once

#include "base/byte_reader.hh"
#include "base/result.hh"
#include "wasm/module.hh"

namespace trapeze::decode {

inline constexpr std::string_view name_section = "name";
inline constexpr std::string_view branch_hint_section = "metadata.code.branch_hint";

Result<std::vector<wasm::FuncBranchHints>> branch_hints(const wasm::CustomSection &section);

} // namespace trapeze::decode
