// Errors of bad input (HOUSE rule: errors by kind). An Error says where and what; the first one wins.
//
//   Result<u32> count = reader.leb_u32();
//   TRY(validate(module));                    // returns the error of the callee from this function
//   u32 n = TRY_VALUE(read_count());          // the value, or return its error
//
// An engine bug is an ASSERT, a trap a code found by pc, a Wasm exception an exnref: never an Error.
#pragma once

#include "base/types.hh"

#include <expected>
#include <string>
#include <utility>

namespace trapeze::base {

/// What is wrong with an input. The spec suite tells the first two apart (assert_malformed / assert_invalid).
enum class ErrorKind : u8 {
  Malformed,   ///< does not decode or parse
  Invalid,     ///< decodes, but does not validate
  Unsupported, ///< valid, but needs a feature that is off or that the engine does not have
  Unlinkable,  ///< imports that are missing or do not match
  Resource,    ///< the system refused memory, a file, a thread
};

struct Error {
  ErrorKind kind = ErrorKind::Malformed;
  u64 offset = 0;      ///< bytes from the start of the input (binary: the module; text: the source)
  std::string message; ///< one line, lower case, no full stop, no position
};

template <typename T> using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorKind kind, u64 offset, std::string message) {
  return std::unexpected<Error>(Error{kind, offset, std::move(message)});
}

} // namespace trapeze::base

namespace trapeze {
using base::Error;
using base::ErrorKind;
using base::fail;
using base::Result;
} // namespace trapeze

#define TRY(expression)                                                                                                \
  do {                                                                                                                 \
    if (auto &&try_result_ = (expression); !try_result_)                                                               \
      return std::unexpected(std::move(try_result_).error());                                                          \
  } while (false)

/// A GNU statement expression: both supported compilers have it.
#define TRY_VALUE(expression)                                                                                          \
  __extension__({                                                                                                      \
    auto &&try_result_ = (expression);                                                                                 \
    if (!try_result_)                                                                                                  \
      return std::unexpected(std::move(try_result_).error());                                                          \
    std::move(*try_result_);                                                                                           \
  })
