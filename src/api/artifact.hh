// Compiled modules in files, beyond what the public API has: looking at them, and objects for linkers.
#pragma once

#include "trapeze/trapeze.hh"

#include <string>

namespace trapeze::api {

/// What the file at `path` is: by whom, for what, how large its parts are, and whether it would load here. Throws
/// v1::Error if it is no compiled module.
std::string describe_artifact(const std::string &path);

/// A module that was compiled as an object for linkers: NAME_module is what v1::Module::from_native takes. Throws
/// v1::Error for one that was loaded.
std::vector<std::uint8_t> native_object(const v1::Module &module, const std::string &name, bool prefers_fast_unwinder);

/// What the object was made with. The header is not checked.
bool prefers_fast_unwinder(const trapeze_native_module &native);

} // namespace trapeze::api
