// Module -> CodeImage: validate, translate, optimise, generate, link; functions in parallel. The bytes do
// not depend on the number of threads.
#pragma once

#include "base/laps.hh"
#include "base/result.hh"
#include "codegen/target.hh"
#include "image/code_image.hh"
#include "wasm/features.hh"
#include "wasm/module.hh"

#include <atomic>
#include <string>

namespace trapeze::compile {

struct Options {
  wasm::Features features;
  codegen::Settings settings;
  u32 threads = 0;    ///< 0: one per CPU
  bool polls = false; ///< interruption points at loop headers (translate::ModuleContext::polls)
  std::atomic<u32> *functions_done = nullptr, *functions_total = nullptr; ///< kept up to date for those who watch
  base::Laps *laps = nullptr; ///< where the time went, summed over threads, is added here
};

/// Why there is no code generator for the machine this process runs on, if there is none: then nothing below may be
/// called.
Result<void> check_machine();

/// What this processor has of the target's optional features: for Settings::cpu.
u32 native_cpu();

Result<image::CodeImage> module(const wasm::Module &m, const Options &options);

/// The image's machine code as text, with all that its tables say of it, by the target's own instruction table.
std::string disassemble(const wasm::Module &m, const image::ImageView &image);

/// The tables of the system's unwinder as text, with names: regions, call sites, LSDA, CFI. They are written, and what
/// is shown is what their readers find in them.
std::string list_unwind_tables(const wasm::Module &m, const image::ImageView &image);

/// Stages of the pipeline, in order; each can be dumped.
enum class Stage : u8 { Validate, Translate, Opt, Lower, Regalloc, Emit };

/// The text of one stage for every function, in order of index (the same for any number of threads).
Result<std::string> dump(const wasm::Module &m, const Options &options, Stage stop_after);

} // namespace trapeze::compile
