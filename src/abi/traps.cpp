// The texts of traps.def.
#include "abi/traps.hh"

namespace trapeze::abi {

namespace {

constexpr const char *messages[] = {
#define TRAP(id, text) text,
#include "abi/traps.def"
};

} // namespace

const char *message(TrapCode code) { return messages[static_cast<u32>(code)]; }

} // namespace trapeze::abi
