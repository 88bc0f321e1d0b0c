#include "compile/function.hh"

#include "base/assert.hh"
#include "codegen/frame.hh"
#include "compile/native_target.hh"
#include "ir/print.hh"
#include "ir/verify.hh"
#include "opt/pipeline.hh"
#include "validate/validate.hh"

#include <cstdio>
#include <cstdlib>

namespace trapeze::compile {
namespace {

/// A broken invariant is an engine bug: say all there is to know, and stop.
[[noreturn]] void broken(const ir::Function &fn, const char *stage, const std::string &what) {
  std::string text;
  ir::print(fn, text);
  std::fprintf(stderr, "%strapeze: internal error after %s of function %u: %s\n", text.c_str(), stage, fn.func,
               what.c_str());
  std::abort();
}

void verify(const ir::Function &fn, const Options &options, const char *stage) {
  if (!options.settings.verify)
    return;
  if (std::string what = ir::verify(fn); !what.empty())
    broken(fn, stage, what);
}

} // namespace

translate::ModuleContext module_context(const wasm::Module &m, const Options &options) {
  translate::ModuleContext context(m, options.features);
  context.polls = options.polls;
  return context;
}

void find_inline_body(const translate::ModuleContext &context, u32 func, const Options &options, Workspace &ws,
                      InlineBodies &out) {
  constexpr usize bytes_limit = 256; // bodies that are larger do not become small enough
  const wasm::Func &row = context.module.funcs[func];
  if (row.is_imported || row.body.bytes.size() > bytes_limit || !translate::body(context, func, ws.ir))
    return;
  opt::run(ws.ir, 2);
  verify(ws.ir, options, "opt");
  u32 size;
  if (!opt::is_inlinable(ws.ir, size))
    return;
  out.owned[func] = std::make_unique<ir::Function>(ws.ir);
  out.callees.rows[func] = {out.owned[func].get(), size};
}

Result<void> function(const translate::ModuleContext &context, u32 func, const Options &options, Workspace &ws,
                      Stage last, const InlineBodies *bodies) {
  const codegen::Target &target = **native_target();
  base::Laps *laps = options.laps ? &ws.laps : nullptr;
  if (laps)
    laps->start();
  if (last == Stage::Validate)
    return validate::body(context.module, context.features, func, ws.no_sink);

  // One walk decodes, checks and builds SSA: from here on input is trusted.
  TRY(translate::body(context, func, ws.ir));
  base::lap(laps, "read/validate and build");
  verify(ws.ir, options, "translate");
  if (last == Stage::Translate)
    return {};

  // From here on no Wasm, only ops of the IR; the order of blocks is decided.
  opt::run(ws.ir, options.settings.opt_level, laps, bodies != nullptr ? &bodies->callees : nullptr);
  verify(ws.ir, options, "opt");
  if (last == Stage::Opt)
    return {};

  // From here on the target's instructions over virtual registers.
  target.lower(ws.ir, options.settings, ws.machine);
  base::lap(laps, "select/lower");
  if (last == Stage::Lower)
    return {};

  // From here on every operand has its place.
  auto mode = options.settings.opt_level == 0 ? codegen::AllocationMode::OnePass : codegen::AllocationMode::Full;
  codegen::allocate(ws.machine, target.registers, ws.allocator, ws.allocation, mode, laps);
  if (options.settings.verify)
    if (auto what = codegen::check(ws.machine, target.registers, ws.allocation))
      broken(ws.ir, "regalloc", *what);
  if (last == Stage::Regalloc)
    return {};

  // From here on every slot has its offset.
  codegen::layout_frame(ws.machine, target.registers, ws.allocation);
  target.emit(ws.ir, ws.machine, ws.allocation, options.settings, ws.out);
  ws.out.func = func;
  ws.out.inlined = ws.ir.inlined;
  base::lap(laps, "emit/emit");
  return {};
}

} // namespace trapeze::compile
