#include "compile/listing.hh"

#include "base/readable.hh"

#include <fmt/format.h>

#include <iterator>

namespace trapeze::compile {

std::string tag_text(const wasm::Module &m, u32 tag) {
  std::string_view name = m.names.tags().find(tag);
  return name.empty() ? fmt::format("tag[{}]", tag) : fmt::format("${}", base::printable(name));
}

std::string clause_text(const wasm::Module &m, const image::Clause &clause) {
  const char *suffix = clause.with_ref ? "_ref" : "";
  return clause.tag == image::catch_all_tag ? fmt::format("catch_all{}", suffix)
                                            : fmt::format("catch{} {}", suffix, tag_text(m, clause.tag));
}

std::string function_title(const wasm::FuncNames &names, const image::FunctionRow &row) {
  static constexpr const char *saved[] = {" rbx", " r12", " r14", " r15"};
  std::string out = fmt::format("func[{}] {}: code +{:#x}..+{:#x}, frame {}", row.func, names[row.func],
                                row.code_offset, row.code_offset + row.code_size, row.frame.size);
  if (row.frame.saved_mask != 0)
    out += ", saves";
  for (u32 i = 0; i < std::size(saved); ++i)
    if (row.frame.saved_mask >> i & 1)
      out += saved[i];
  return out + (row.frame.has_instance_slot ? ", instance slot" : "");
}

std::string region_text(const wasm::Module &m, const image::ImageView &image, u32 region) {
  const image::Region &row = image.regions[region];
  std::string text = fmt::format("  region {}", region);
  if (row.parent != image::no_region)
    text += fmt::format(" in region {}", row.parent);
  for (u32 c = 0; c < row.clause_count; ++c) {
    const image::Clause &clause = image.clauses[row.first_clause + c];
    text += fmt::format("{} {} -> pad +{:#x}", c == 0 ? ":" : ",", clause_text(m, clause), clause.pad);
  }
  return text;
}

} // namespace trapeze::compile
