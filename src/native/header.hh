// The C header of a module (docs/embedding.md, "Linking modules into a C or C++ program"): typed functions on top of
// trapeze/native.h, for what C can pass; what it cannot is named in comments. The text depends on the module alone.
#pragma once

#include "trapeze/trapeze.hh"

#include <string>

namespace trapeze::native {

/// `name`: an identifier, of the module's symbol NAME_module and in front of everything.
std::string c_header(const Module &module, const std::string &name);

void write_c_header(const Module &module, const std::string &name, const std::string &path);

} // namespace trapeze::native
