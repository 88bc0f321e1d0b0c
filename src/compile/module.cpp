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
  if (options.laps)
    options.laps->start();
  TRY(validate::module(m, options.features));
  base::lap(options.laps, "read/validate module");
  const translate::ModuleContext context = module_context(m, options);
  std::vector<image::CompiledFunction> functions(m.funcs.size() - m.imported_funcs);
  TRY(all_functions(context, options, Stage::Emit, [&](u32 item, Workspace &ws) {
    functions[item] = ws.out; // a copy: exactly as large as it is, and the workspace keeps its room
    base::lap(options.laps ? &ws.laps : nullptr, "emit/copy");
  }));
  if (options.laps)
    options.laps->start();
  image::CodeImage image = link(functions, m.imported_funcs);
  image.cpu = options.settings.cpu;
  base::lap(options.laps, "emit/link");
  return image;
}

} // namespace trapeze::compile
