// One function through the whole pipeline. A Workspace holds the storage of every stage and is reused from
// function to function: one per thread.
#pragma once

#include "codegen/regalloc/regalloc.hh"
#include "codegen/target.hh"
#include "compile/compile.hh"
#include "image/compiled_function.hh"
#include "ir/function.hh"
#include "translate/translate.hh"
#include "validate/validate.hh"

namespace trapeze::compile {

struct Workspace {
  validate::NoSink no_sink;
  ir::Function ir;
  codegen::MFunction machine;
  codegen::Workspace allocator;
  codegen::Allocation allocation;
  image::CompiledFunction out;
  base::Laps laps; ///< of all functions so far, where Options::laps asks for them
};

/// Runs the stages up to `last`; what each has produced stands in the workspace. Emit fills `ws.out`.
Result<void> function(const translate::ModuleContext &context, u32 func, const Options &options, Workspace &ws,
                      Stage last = Stage::Emit);

/// What a module's functions share; `options` decides on polls.
translate::ModuleContext module_context(const wasm::Module &m, const Options &options);

} // namespace trapeze::compile
