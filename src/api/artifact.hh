// Looking at compiled modules in files.
#pragma once

#include <string>

namespace trapeze::api {

/// What the file at `path` is: by whom, for what, how large its parts are, and whether it would load here. Throws
/// v1::Error if it is no compiled module.
std::string describe_artifact(const std::string &path);

} // namespace trapeze::api
