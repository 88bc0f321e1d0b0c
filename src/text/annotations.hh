// The annotations the engine interprets. Spec: Appendix, Custom Sections and Annotations.
//   (@custom "name" (before|after section)? "bytes"*)   a custom section
//   (@name "name")                                      a name, where an identifier cannot say it
//   (@metadata.code.branch_hint "\00"|"\01")            before `if` or `br_if`
#pragma once

#include "text/cursor.hh"

#include <span>
#include <string>
#include <string_view>

namespace trapeze::text {

/// Section ids in the order of the binary format, with the names annotations use.
struct SectionRow {
  std::string_view name;
  u8 id;
};
std::span<const SectionRow> sections_in_order();

struct CustomAnnotation {
  std::string_view name;
  std::string contents;
  /// 0: before everything; 2i+1 and 2i+2: before and after sections_in_order()[i].
  u32 slot = 0;
};

CustomAnnotation custom_annotation(Cursor &cursor, const Annotation &annotation);
std::string_view annotation_name(Cursor &cursor, const Annotation &annotation);
bool branch_hint(Cursor &cursor, const Annotation &annotation);

} // namespace trapeze::text
