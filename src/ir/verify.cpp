#include "ir/verify.hh"

#include "ir/cfg.hh"
#include "ir/dominators.hh"
#include "ir/effects.hh"
#include "ir/handlers.hh"
#include "ir/print.hh"

#include <fmt/format.h>

namespace trapeze::ir {

namespace {

struct Verifier {
  const Function &fn;
  Cfg cfg;
  Dominators dominators;
  base::IdVec<Inst, u32> place; ///< position in its block
  std::string error;

  template <typename... Args> void fail(fmt::format_string<Args...> format, Args &&...args) {
    if (error.empty())
      error = fmt::format(format, std::forward<Args>(args)...);
  }
  template <typename... Args> void fail_at(Inst i, fmt::format_string<Args...> format, Args &&...args) {
    if (!error.empty())
      return;
    std::string text;
    print(fn, i, text);
    error = fmt::format("block{}: `{}`: ", base::index_of(fn.links[i].block), text) +
            fmt::format(format, std::forward<Args>(args)...);
  }

  static bool is_int(Type t) { return t == Type::I32 || t == Type::I64; }
  static bool is_scalar_float(Type t) { return t == Type::F32 || t == Type::F64; }

  void expect(Inst i, u32 operand, Type want) {
    if (fn.insts[Inst{operand}].type != want)
      fail_at(i, "v{} has the wrong type", operand);
  }

  // --- structure ---

  bool structure() {
    for (Block b : base::ids(fn.blocks)) {
      const BlockRow &row = fn.blocks[b];
      if (!is_none(row.last) && !edges_in_range(row.last))
        return false;
    }
    cfg.compute(fn);
    dominators.compute(fn, cfg);
    place.resize(fn.insts.size(), ~0u);
    for (Block b : cfg.reverse_postorder())
      block_structure(b);
    return error.empty();
  }

  bool edges_in_range(Inst end) {
    for (u32 k = 0; k < fn.edge_count(end); ++k)
      if (!fn.blocks.contains(fn.edge(end, k).target))
        fail_at(end, "leads to a block that does not exist");
    return error.empty();
  }

  void block_structure(Block b) {
    const BlockRow &row = fn.blocks[b];
    if (is_none(row.last))
      return fail("block{} is empty", base::index_of(b));
    u32 position = 0;
    Inst prev = no_inst;
    for (Inst i = row.first; !is_none(i); prev = i, i = fn.links[i].next) {
      if (fn.links[i].block != b || fn.links[i].prev != prev)
        return fail_at(i, "list links are broken");
      place[i] = ++position;
      if (is_terminator(fn.insts[i].op) != (i == row.last))
        fail_at(i, "a terminator must end the block, and nothing else");
    }
    for (u32 k = 0; k < row.params.size(); ++k) {
      const Value v = row.params[k];
      if (fn.insts[v].op != Op::Param || fn.insts[v].c != k || fn.links[v].block != b)
        fail("block{}: parameter v{} is not in order", base::index_of(b), base::index_of(v));
      place[v] = 0;
    }
    edges(b, row.last);
  }

  void edges(Block b, Inst end) {
    const u32 n = fn.edge_count(end);
    for (u32 k = 0; k < n; ++k) {
      const auto e = fn.edge(end, k);
      const BlockRow &target = fn.blocks[e.target];
      if (e.args.size() != target.params.size())
        return fail_at(end, "{} arguments for {} parameters", e.args.size(), target.params.size());
      for (u32 i = 0; i < e.args.size(); ++i)
        expect(end, e.args[i], fn.type(target.params[i]));
      if (row(fn.insts[end].op).format != Format::Jump && cfg.preds(e.target).size() != 1)
        fail_at(end, "the edge to block{} is critical", base::index_of(e.target));
      if (e.target == fn.entry || target.is_pad)
        fail_at(end, "leads to the entry or to a pad");
    }
    if (const Region r = cfg.entered_region(b); !is_none(r) && n != 1)
      fail("block{} enters region{} but has {} successors", base::index_of(b), base::index_of(r), n);
  }

  // --- instructions ---

  void dominance(Inst i) {
    const Block here = fn.links[i].block;
    for_each_operand(fn, i, [&](u32 operand) {
      const Inst def{operand};
      if (!fn.insts.contains(def) || place[def] == ~0u)
        return fail_at(i, "v{} is not defined", operand);
      if (fn.insts[def].type == Type::None)
        return fail_at(i, "v{} has no value", operand);
      const Block there = fn.links[def].block;
      if (there == here ? place[def] >= place[i] : !dominators.dominates(there, here))
        fail_at(i, "v{} does not dominate this use", operand);
    });
  }

  void unary(Inst i, const InstRow &r) {
    const Type from = fn.insts[r.arg(0)].type;
    bool ok = false;
    if (r.op >= Op::Clz && r.op <= Op::Popcnt)
      ok = is_int(r.type) && from == r.type;
    else if (r.op == Op::Wrap)
      ok = r.type == Type::I32 && from == Type::I64;
    else if (r.op == Op::ExtendS)
      ok = r.type == Type::I64 && from == Type::I32;
    else if (r.op == Op::ExtendU)
      ok = r.type == Type::I64 && (from == Type::I32 || from == Type::Ref);
    else if (r.op >= Op::Extend8S && r.op <= Op::Extend32S)
      ok = is_int(r.type) && from == r.type;
    else if (r.op >= Op::TruncS && r.op <= Op::TruncSatU)
      ok = is_int(r.type) && is_scalar_float(from);
    else if (r.op == Op::ConvertS || r.op == Op::ConvertU)
      ok = is_scalar_float(r.type) && is_int(from);
    else if (r.op == Op::Demote)
      ok = r.type == Type::F32 && from == Type::F64;
    else if (r.op == Op::Promote)
      ok = r.type == Type::F64 && from == Type::F32;
    else if (r.op == Op::Bitcast)
      ok = size_of(r.type) == size_of(from) && is_float_class(r.type) != is_float_class(from);
    else
      ok = is_scalar_float(r.type) && from == r.type;
    if (!ok)
      fail_at(i, "wrong operand type");
  }

  void binary(Inst i, const InstRow &r) {
    const Type x = fn.insts[r.arg(0)].type, y = fn.insts[r.arg(1)].type;
    if (x != y)
      return fail_at(i, "operand types differ");
    if (r.op == Op::Icmp   ? r.type != Type::I32 || is_float_class(x)
        : r.op == Op::Fcmp ? r.type != Type::I32 || !is_scalar_float(x)
                           : x != r.type || (r.op >= Op::Fadd ? !is_scalar_float(x) : !is_int(x)))
      fail_at(i, "wrong type");
  }

  void call(Inst i, const InstRow &r) {
    const CallRow c = fn.call(i);
    if (!fn.sigs.contains(c.sig))
      return fail_at(i, "no such signature");
    const Signature &sig = fn.sigs[c.sig];
    const auto args = fn.call_args(i);
    const u32 skipped = r.op == Op::CallPtr || r.op == Op::ReturnCallPtr ? 2 : 0;
    if (args.size() != sig.params.size() + skipped)
      return fail_at(i, "{} arguments for {} parameters", args.size(), sig.params.size() + skipped);
    for (u32 k = 0; k < args.size(); ++k)
      expect(i, args[k], k < skipped ? Type::I64 : sig.params[k - skipped]);
    const bool tail = row(r.op).effect == Effect::Control;
    if (tail && !is_none(c.region))
      fail_at(i, "a tail call has no region");
    if (!is_none(c.region) && !fn.regions.contains(c.region))
      return fail_at(i, "no such region");
    if (tail ? sig.results != fn.sigs[fn.sig].results : r.type != (sig.results.empty() ? Type::None : sig.results[0]))
      return fail_at(i, "wrong result types");
    Inst proj = i;
    for (u32 k = 1; !tail && k < sig.results.size(); ++k) {
      proj = fn.links[proj].next;
      if (is_none(proj) || fn.insts[proj].op != Op::Proj || fn.insts[proj].arg(0) != i || fn.insts[proj].c != k ||
          fn.insts[proj].type != sig.results[k])
        return fail_at(i, "result {} is missing behind it", k);
    }
  }

  void other(Inst i, const InstRow &r) {
    switch (row(r.op).format) {
    case Format::Unary:
      return unary(i, r);
    case Format::Binary:
      return binary(i, r);
    case Format::Ternary:
      expect(i, r.a, Type::I32);
      expect(i, r.b, r.type);
      return expect(i, r.c, r.type);
    case Format::Load:
    case Format::Store: {
      expect(i, r.a, Type::I64);
      const Type t = r.op == Op::Load ? r.type : fn.insts[r.arg(1)].type;
      if (r.c >> 31 != 0 || 1u << Access::unpack(r.aux).size_log2 > size_of(t))
        fail_at(i, "offset or size out of range");
      return;
    }
    case Format::SlotLoad:
    case Format::SlotStore:
      if (r.c >= fn.slots.size())
        return fail_at(i, "no such slot");
      if (fn.slots[Slot{r.c}].type != (r.op == Op::SlotLoad ? r.type : fn.insts[r.arg(0)].type))
        fail_at(i, "the slot has another type");
      return;
    case Format::Call:
      return call(i, r);
    case Format::Branch:
    case Format::Switch:
    case Format::TrapIf:
      return expect(i, r.a, Type::I32);
    case Format::Return: {
      const auto values = fn.return_values(i);
      const auto &results = fn.sigs[fn.sig].results;
      if (values.size() != results.size())
        return fail_at(i, "{} values for {} results", values.size(), results.size());
      for (u32 k = 0; k < values.size(); ++k)
        expect(i, values[k], results[k]);
      return;
    }
    case Format::Proj: {
      const Inst call = r.arg(0);
      Inst before = i;
      for (u32 k = r.c; k > 0 && !is_none(before); --k)
        before = fn.links[before].prev;
      if (before != call)
        fail_at(i, "does not stand behind its call");
      return;
    }
    default:
      return;
    }
  }

  // --- regions ---

  void regions() {
    base::IdVec<Block, u8> owned;
    owned.resize(fn.blocks.size(), 0);
    for (Region r : base::ids(fn.regions)) {
      const RegionRow &row = fn.regions[r];
      // Parents are made before their children; `delegate` moves a parent outward only.
      if (!is_none(row.parent) && row.parent >= r)
        fail("region{}: its parent is no older region", base::index_of(r));
      for (const ClauseRow &c : clauses(fn, r)) {
        if (owned[c.pad]++ != 0)
          fail("block{} is the pad of two clauses", base::index_of(c.pad));
        if (!fn.blocks[c.pad].is_pad || !fn.blocks[c.pad].params.empty())
          fail("block{} of region{} is no pad", base::index_of(c.pad), base::index_of(r));
      }
    }
    for (Block b : cfg.reverse_postorder())
      if (fn.blocks[b].is_pad && owned[b] == 0)
        fail("block{} is a pad without a region", base::index_of(b));
    const BlockRow &entry = fn.blocks[fn.entry];
    const auto &params = fn.sigs[fn.sig].params;
    if (entry.params.size() != params.size())
      return fail("the entry has {} parameters, the signature {}", entry.params.size(), params.size());
    for (u32 k = 0; k < params.size(); ++k)
      if (fn.type(entry.params[k]) != params[k])
        fail("parameter {} has another type than in the signature", k);
  }

  // --- slots: a forward data flow of "has been stored on every path" ---

  using Bits = std::vector<u64>;

  void slots() {
    if (fn.slots.empty())
      return;
    const u32 words = (fn.slots.size() + 63) / 64;
    base::IdVec<Block, Bits> at_end;
    at_end.resize(fn.blocks.size(), Bits(words, ~u64{0}));
    const auto start_of = [&](Block b) {
      Bits bits(words, b == fn.entry ? 0 : ~u64{0});
      for (Block p : cfg.preds(b))
        for (u32 w = 0; w < words; ++w)
          bits[w] &= at_end[p][w];
      return bits;
    };
    for (bool changed = true; changed;) {
      changed = false;
      for (Block b : cfg.reverse_postorder()) {
        Bits bits = start_of(b);
        for (Inst i = fn.blocks[b].first; !is_none(i); i = fn.links[i].next)
          if (fn.insts[i].op == Op::SlotStore)
            bits[fn.insts[i].c / 64] |= u64{1} << (fn.insts[i].c % 64);
        if (bits != at_end[b]) {
          at_end[b] = std::move(bits);
          changed = true;
        }
      }
    }
    // A pad's start is the end of its region's entry: every path to a call of the region passes there.
    for (Block b : cfg.reverse_postorder()) {
      Bits bits = start_of(b);
      for (Inst i = fn.blocks[b].first; !is_none(i); i = fn.links[i].next) {
        const InstRow &r = fn.insts[i];
        if (r.op == Op::SlotStore)
          bits[r.c / 64] |= u64{1} << (r.c % 64);
        else if (r.op == Op::SlotLoad && (bits[r.c / 64] >> (r.c % 64) & 1) == 0)
          fail_at(i, "the slot may not have been stored");
      }
    }
  }

  /// A call must stand where its region has been entered: its entry dominates the call.
  void calls_in_regions() {
    for (Block b : cfg.reverse_postorder())
      for (Inst i = fn.blocks[b].first; !is_none(i); i = fn.links[i].next) {
        if (row(fn.insts[i].op).effect != Effect::Call)
          continue;
        const Region r = fn.call(i).region;
        if (is_none(r) || fn.regions[r].clauses.count == 0)
          continue;
        const Block entry = fn.regions[r].entry;
        if (is_none(entry) || !cfg.is_reachable(entry) || entry == b || !dominators.dominates(entry, b))
          fail_at(i, "the entry of its region does not dominate it");
      }
  }
};

} // namespace

std::string verify(const Function &fn) {
  Verifier v{fn, {}, {}, {}, {}};
  if (!v.structure())
    return v.error;
  for (Block b : v.cfg.reverse_postorder())
    for (Inst i = fn.blocks[b].first; !is_none(i); i = fn.links[i].next)
      v.dominance(i);
  if (!v.error.empty())
    return v.error;
  for (Block b : v.cfg.reverse_postorder())
    for (Inst i = fn.blocks[b].first; !is_none(i); i = fn.links[i].next)
      v.other(i, fn.insts[i]);
  v.regions();
  v.calls_in_regions();
  v.slots();
  return v.error;
}

} // namespace trapeze::ir
