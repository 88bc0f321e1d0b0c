// Where `run` gets its module from: the two programs differ in this alone. load.cpp takes source and compiled modules,
// run_only/load.cpp compiled ones.
#pragma once

#include "cli/options.hh"

namespace trapeze::cli {

/// What a compiled module has to fulfil.
struct LoadChecks {
  std::string key; ///< a file; empty: none
  bool verify = false;
  bool use_cache = true; ///< for what has to be compiled
};

/// Of the program, for usage lines.
extern const char *const run_usage;

Module load_module(const Engine &engine, const std::string &file, const LoadChecks &checks);

/// As load_module, of a file that is a compiled module.
Module load_saved(const Engine &engine, const std::string &file, const LoadChecks &checks);
/// The bytes of a key file.
std::vector<std::uint8_t> read_key(const std::string &file);
/// Whether the file begins like a compiled module; false for "-" and what cannot be read.
bool is_saved_file(const std::string &file);

} // namespace trapeze::cli
