// Names and texts of programs that we print: they come from foreign bytes and go to a terminal or a line of a file.
#pragma once

#include "base/types.hh"

#include <string>
#include <string_view>

namespace trapeze::base {

/// `text` on one line: control characters (C0, C1, DEL) and what is no UTF-8 become \xNN. At most about `limit` bytes,
/// then `...`.
std::string printable(std::string_view text, usize limit = 4096);

/// A C++ symbol (`_Z...`) as its programmer wrote it; anything else as it is. Readable in the sense above.
std::string demangled(std::string_view symbol);
/// The same for the name of a type as std::type_info holds it (without `_Z`); what is none, as it is.
std::string demangled_type(std::string_view name);

} // namespace trapeze::base
