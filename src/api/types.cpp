// Types in words.
#include "api/convert.hh"

namespace trapeze::v1 {

std::string to_string(ValType type) { return wasm::to_string(api::to_wasm(type)); }
std::string to_string(const FuncType &type) { return wasm::to_string(api::to_wasm(type)); }
const char *to_string(ExternKind kind) { return wasm::to_string(static_cast<wasm::ExternKind>(kind)); }

} // namespace trapeze::v1
