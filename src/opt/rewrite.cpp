#include "ir/effects.hh"
#include "opt/passes.hh"

namespace trapeze::opt {

using namespace ir;

Value resolve(Workspace &ws, Value v) {
  const auto &table = std::as_const(ws.replaced);
  Value to = v;
  while (!is_none(table[to]))
    to = table[to];
  while (v != to) {
    const Value next = table[v];
    ws.replaced[v] = to;
    v = next;
  }
  return to;
}

void rewrite(Function &fn, Workspace &ws) {
  for (Block b : ws.cfg.reverse_postorder())
    for (Inst i = fn.blocks[b].first; !is_none(i); i = fn.links[i].next)
      for_each_operand(fn, i, [&](u32 &operand) { operand = base::index_of(resolve(ws, Value{operand})); });
  ws.replaced.clear();
}

} // namespace trapeze::opt
