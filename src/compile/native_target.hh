// The target of the machine this process runs on. One file per architecture, chosen by cmake/rooms.cmake:
// native_target_x64.cpp, and native_target_none.cpp where there is no code generator.
#pragma once

#include "base/result.hh"
#include "codegen/target.hh"

namespace trapeze::compile {

/// Or why there is none. Cheap.
Result<const codegen::Target *> native_target();

} // namespace trapeze::compile
