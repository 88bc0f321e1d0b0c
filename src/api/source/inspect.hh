// Looking at modules and at what programs did: what the command line shows. Input is either format.
#pragma once

#include "trapeze/trapeze.hh"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trapeze::api {

/// Names of the compiler's stages, in order.
std::span<const std::string_view> stage_names();

/// The compiler's output after that stage, as text, function by function; the same for any number of threads. Throws
/// v1::Error (Usage for a stage that does not exist).
std::string dump(const v1::Engine &engine, std::span<const std::uint8_t> input, std::string_view name,
                 std::string_view stage);

/// Compiles the module and tells where the time went, summed over threads: a line for each group of passes, and for
/// each pass. Throws v1::Error.
std::string time_passes(const v1::Engine &engine, std::span<const std::uint8_t> input, std::string_view name);

/// All that decides, beside the module's bytes, what compiling it gives: engine, machine and settings. Equal texts,
/// equal compiled modules.
std::string compile_circumstances(const v1::Engine &engine);

/// The module's machine code, with names, offsets in the module, regions, pads and traps. Throws v1::Error.
std::string disassemble(const v1::Engine &engine, std::span<const std::uint8_t> input, std::string_view name);

/// What the compiled module tells the system's unwinder: regions, call sites, LSDA, CFI. Throws v1::Error.
std::string list_unwind_tables(const v1::Engine &engine, std::span<const std::uint8_t> input, std::string_view name);

/// The module in the text format. Throws v1::Error. The module is decoded, not validated.
std::string print(const v1::Engine &engine, std::span<const std::uint8_t> input, std::string_view name);
/// The module in the binary format; text is assembled. Throws v1::Error.
std::vector<std::uint8_t> assemble(const v1::Engine &engine, std::span<const std::uint8_t> input,
                                   std::string_view name);

/// One line of `trapeze doctor`.
struct Check {
  std::string name;
  bool ok = false;
  std::string text; ///< what was found, or what is wrong
};

/// Tries everything the engine needs of the machine it is on, and throws once along every way that exceptions go.
/// Never throws.
std::vector<Check> self_test();

/// A whole file; "-" is standard input. Throws v1::Error (Resource).
std::vector<std::uint8_t> read_file(const std::string &path);

} // namespace trapeze::api
