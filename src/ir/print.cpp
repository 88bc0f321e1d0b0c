#include "ir/print.hh"

#include "ir/conditions.hh"
#include "ir/handlers.hh"
#include "ir/names.hh"

#include <fmt/format.h>
#include <iterator>

namespace trapeze::ir {

namespace {

struct Printer {
  const Function &fn;
  std::string &out;

  template <typename... Args> void put(fmt::format_string<Args...> format, Args &&...args) {
    fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
  }

  void values(std::span<const u32> list) {
    for (u32 i = 0; i < list.size(); ++i)
      put("{}v{}", i == 0 ? "" : ", ", list[i]);
  }

  void types(const std::vector<Type> &list) {
    out += '(';
    for (u32 i = 0; i < list.size(); ++i)
      put("{}{}", i == 0 ? "" : ", ", names::of(list[i]));
    out += ')';
  }

  void target(Function::ConstEdge e) {
    put("block{}", base::index_of(e.target));
    if (e.args.empty())
      return;
    out += '(';
    values(e.args);
    out += ')';
  }

  void constant(const InstRow &r) {
    if (r.type == Type::I32)
      put(" {}", static_cast<i32>(r.a));
    else if (r.type == Type::I64)
      put(" {}", static_cast<i64>(r.bits()));
    else
      put(" {:#x}", r.bits());
  }

  void access(u16 bits) {
    const Access a = Access::unpack(bits);
    put(", size {}, {}{}", 1u << a.size_log2, names::of(a.alias), a.sign_extend ? ", signed" : "");
    if (a.can_trap)
      put(", trap {}", names::of(a.trap));
    if (!a.removable)
      put(", keep");
  }

  void address(const InstRow &r) {
    put(" v{}", r.a);
    if (r.c != 0)
      put("+{}", r.c);
  }

  void call(Inst inst, const InstRow &r) {
    const CallRow c = fn.call(inst);
    if (r.op == Op::CallBuiltin)
      put(" {}", names::of(static_cast<abi::Builtin>(c.callee)));
    else if (r.op == Op::Call || r.op == Op::ReturnCall)
      put(" {}", c.callee);
    put(" sig{} (", base::index_of(c.sig));
    values(fn.call_args(inst));
    out += ')';
    if (!is_none(c.region))
      put(" region{}", base::index_of(c.region));
    if (r.aux != 0)
      put(" aux {}", r.aux);
  }

  void branch(Inst inst, const InstRow &r) {
    put(" v{}, ", r.a);
    target(fn.edge(inst, 0));
    out += ", ";
    target(fn.edge(inst, 1));
    if (r.aux != 0)
      out += r.aux == 1 ? " likely" : " unlikely";
  }

  void switch_(Inst inst, const InstRow &r) {
    put(" v{}", r.a);
    for (u32 i = 0; i < r.c; ++i) {
      out += ", ";
      target(fn.edge(inst, i));
    }
  }

  void operands(Inst inst, const InstRow &r) {
    switch (row(r.op).format) {
    case Format::Const64:
      if (r.op == Op::Const || r.op == Op::ConstHigh)
        constant(r);
      break;
    case Format::Unary:
      put(" v{}", r.a);
      break;
    case Format::Binary:
      if (r.op == Op::Icmp)
        put(" {}", text(static_cast<Cond>(r.aux)));
      else if (r.op == Op::Fcmp)
        put(" {}", text(static_cast<FloatCond>(r.aux)));
      put(" v{}, v{}", r.a, r.b);
      break;
    case Format::Ternary:
      put(" v{}, v{}, v{}", r.a, r.b, r.c);
      break;
    case Format::Load:
      address(r);
      access(r.aux);
      break;
    case Format::Store:
      address(r);
      put(", v{}", r.b);
      access(r.aux);
      break;
    case Format::SlotLoad:
      put(" slot{}", r.c);
      break;
    case Format::SlotStore:
      put(" slot{}, v{}", r.c, r.a);
      break;
    case Format::Call:
      call(inst, r);
      break;
    case Format::Proj:
      put(" v{}, {}", r.a, r.c);
      break;
    case Format::Jump:
      out += ' ';
      target(fn.edge(inst, 0));
      break;
    case Format::Branch:
      branch(inst, r);
      break;
    case Format::Switch:
      switch_(inst, r);
      break;
    case Format::Return: {
      const auto list = fn.return_values(inst);
      out += list.empty() ? "" : " ";
      values(list);
      break;
    }
    case Format::Trap:
      put(" {}", names::of(static_cast<abi::TrapCode>(r.aux)));
      break;
    case Format::TrapIf:
      put(" v{}, {}", r.a, names::of(static_cast<abi::TrapCode>(r.aux)));
      break;
    case Format::Param:
      break;
    }
  }

  void inst(Inst i) {
    const InstRow &r = fn.insts[i];
    if (r.type != Type::None)
      put("v{}: {} = ", base::index_of(i), names::of(r.type));
    out += row(r.op).text;
    operands(i, r);
  }

  void region(Region id, const RegionRow &r) {
    put("  region{}:", base::index_of(id));
    const char *comma = "";
    if (!is_none(r.parent)) {
      put(" parent region{}", base::index_of(r.parent));
      comma = ",";
    }
    if (!is_none(r.entry)) {
      put("{} entry block{}", comma, base::index_of(r.entry));
      comma = ",";
    }
    for (const ClauseRow &c : clauses(fn, id)) {
      put("{} catch{}{}", comma, c.tag == catch_all_tag ? "_all" : "", c.with_ref ? "_ref" : "");
      comma = ",";
      if (c.tag != catch_all_tag)
        put(" {}", c.tag);
      put(" -> block{}", base::index_of(c.pad));
    }
    out += '\n';
  }

  void head() {
    put("function {} sig{}\n", fn.func, base::index_of(fn.sig));
    for (Sig s : base::ids(fn.sigs)) {
      put("  sig{} = ", base::index_of(s));
      types(fn.sigs[s].params);
      out += " -> ";
      types(fn.sigs[s].results);
      out += '\n';
    }
    for (Slot s : base::ids(fn.slots))
      if (fn.slots[s].type != Type::None)
        put("  slot{}: {}\n", base::index_of(s), names::of(fn.slots[s].type));
    for (Region r : base::ids(fn.regions))
      if (fn.regions[r].clauses.count != 0 || !is_none(fn.regions[r].entry))
        region(r, fn.regions[r]);
  }

  void block(Block id) {
    const BlockRow &b = fn.blocks[id];
    put("block{}", base::index_of(id));
    if (!b.params.empty()) {
      out += '(';
      for (u32 i = 0; i < b.params.size(); ++i)
        put("{}v{}: {}", i == 0 ? "" : ", ", base::index_of(b.params[i]), names::of(fn.type(b.params[i])));
      out += ')';
    }
    put("{}{}:\n", b.is_pad ? " pad" : "", b.is_cold ? " cold" : "");
    for (Inst i = b.first; !is_none(i); i = fn.links[i].next) {
      out += "  ";
      inst(i);
      out += '\n';
    }
  }
};

} // namespace

void print(const Function &fn, std::string &out) {
  Printer p{fn, out};
  p.head();
  if (fn.layout.empty())
    for (Block b : base::ids(fn.blocks))
      p.block(b);
  else
    for (Block b : fn.layout)
      p.block(b);
}

void print(const Function &fn, Inst inst, std::string &out) { Printer{fn, out}.inst(inst); }

} // namespace trapeze::ir
