// What command lines say of exceptions that C++ programs did not catch.
#pragma once

#include "trapeze/trapeze.hh"

#include <optional>
#include <string>

namespace trapeze::api {

/// What a C++ program compiled to Wasm threw, read from its memory.
struct CppException {
  std::string type; ///< `std::runtime_error`
  std::string what; ///< of the standard library's exceptions and what derives from them; of thrown numbers and strings
};

/// Nothing if the exception does not look like one of C++ (libc++abi) or the memory makes no sense of it.
std::optional<CppException> describe_cpp_exception(const v1::Exception &exception, const v1::Memory &memory);

} // namespace trapeze::api
