// One function through the whole pipeline. A Workspace holds the storage of every stage and is reused from
// function to function: one per thread.
#pragma once

#include "codegen/regalloc/regalloc.hh"
#include "codegen/target.hh"
#include "compile/compile.hh"
#include "image/compiled_function.hh"
#include "ir/function.hh"
#include "opt/pipeline.hh"
#include "translate/translate.hh"
#include "validate/validate.hh"

#include <memory>

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

/// Bodies that calls become at level 3: small functions, translated and optimised by themselves.
struct InlineBodies {
  std::vector<std::unique_ptr<ir::Function>> owned; ///< by function index, null where there is none
  opt::Callees callees;
};

/// Fills the row of a function, if it is small enough. An invalid body is left to whoever compiles it.
void find_inline_body(const translate::ModuleContext &context, u32 func, const Options &options, Workspace &ws,
                      InlineBodies &out);

/// Runs the stages up to `last`; what each has produced stands in the workspace. Emit fills `ws.out`.
Result<void> function(const translate::ModuleContext &context, u32 func, const Options &options, Workspace &ws,
                      Stage last = Stage::Emit, const InlineBodies *bodies = nullptr);

/// What a module's functions share; `options` decides on polls.
translate::ModuleContext module_context(const wasm::Module &m, const Options &options);

} // namespace trapeze::compile
