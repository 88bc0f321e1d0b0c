// Looking at modules: what the command line's `compile --stop-after` and `print` show. Input is either format.
#pragma once

#include "trapeze/trapeze.hh"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace trapeze::api {

/// Names of the compiler's stages, in order.
std::span<const std::string_view> stage_names();

/// The compiler's output after that stage, as text, function by function; the same for any number of threads. Throws
/// v1::Error (Usage for a stage that does not exist).
std::string dump(const v1::Engine &engine, std::span<const std::uint8_t> input, std::string_view name,
                 std::string_view stage);

/// The module in the text format. Throws v1::Error. The module is decoded, not validated.
std::string print(const v1::Engine &engine, std::span<const std::uint8_t> input, std::string_view name);

/// A whole file; "-" is standard input. Throws v1::Error (Resource).
std::vector<std::uint8_t> read_file(const std::string &path);

} // namespace trapeze::api
