#include "compile/all_functions.hh"
#include "compile/compile.hh"
#include "compile/link.hh"
#include "compile/native_target.hh"
#include "validate/validate.hh"

namespace trapeze::compile {

Result<void> check_machine() {
  TRY(native_target());
  return {};
}

Result<image::CodeImage> module(const wasm::Module &m, const Options &options) {
  TRY(validate::module(m, options.features));
  const translate::ModuleContext context = module_context(m, options);
  std::vector<image::CompiledFunction> functions(m.funcs.size() - m.imported_funcs);
  TRY(all_functions(context, options, Stage::Emit, [&](u32 item, Workspace &ws) {
    functions[item] = ws.out; // a copy: exactly as large as it is, and the workspace keeps its room
  }));
  return link(functions, m.imported_funcs);
}

} // namespace trapeze::compile
