// WASI preview 1 for programs run by Trapeze: host functions registered in a linker.
//
//   trapeze::wasi::Options options;
//   options.args = {"app", "input.txt"};
//   options.preopens = {{"/srv/data", "/data"}};
//   trapeze::wasi::define(linker, options);
//   trapeze::wasi::run(linker.instantiate(module));   // calls _start; throws Exit when the program ends itself
//
// A program reaches exactly the directories given as `preopens`, by the guest names given there, and the three
// standard streams. A path that would leave its directory (`..`, absolute, through a symbolic link, by a race) is
// refused (EPERM). `proc_exit` is trapeze::Exit: no clause of the program can catch it.
#pragma once

#include "trapeze/trapeze.hh"

#include <string>
#include <vector>

namespace trapeze::wasi {

struct Preopen {
  std::string host, guest;
  /// `HOST::GUEST`, or one name for both.
  static Preopen parse(const std::string &text);
};

struct Options {
  std::vector<std::string> args;                                   ///< the program's own name first
  std::vector<std::string> env;                                    ///< `NAME=value`
  std::vector<Preopen> preopens;                                   ///< file descriptors from 3 on, in this order
  int standard_input = 0, standard_output = 1, standard_error = 2; ///< host descriptors; not closed. -1: closed
};

/// Defines every function of `wasi_snapshot_preview1`. The linker's store shares one set of descriptors among all
/// instances; guest memory is the export `memory` of the calling instance. Error (Resource) if a directory cannot be
/// opened.
void define(Linker &linker, const Options &options);

/// Runs a command (`_start`) or initialises a reactor (`_initialize`); does nothing if there is neither.
void run(const Instance &instance);

} // namespace trapeze::wasi
