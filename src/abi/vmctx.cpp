// The layout rule of vmctx.hh, as arithmetic: head, then the five arrays, each on a 16-byte boundary.
#include "abi/vmctx.hh"

#include "wasm/module.hh"

namespace trapeze::abi {

namespace {

u32 take(u32 &end, usize count, usize element) {
  u32 at = (end + 15) & ~u32{15};
  end = at + static_cast<u32>(count * element);
  return at;
}

} // namespace

InstanceLayout::InstanceLayout(const wasm::Module &module) {
  u32 end = sizeof(InstanceContext);
  memories = take(end, module.memories.size(), sizeof(MemoryCell));
  tables = take(end, module.tables.size(), sizeof(TableCell));
  functions = take(end, module.imported_funcs, sizeof(ImportedFunc));
  tags = take(end, module.tags.size(), sizeof(void *));
  globals = take(end, module.globals.size(), sizeof(ValueCell));
  size = (end + 15) & ~u32{15};
}

} // namespace trapeze::abi
