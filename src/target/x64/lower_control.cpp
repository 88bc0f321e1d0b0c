// Terminators, traps, polls.
#include "target/x64/lower.hh"

#include "abi/vmctx.hh"
#include "base/assert.hh"

#include <bit>
#include <cstddef>

namespace trapeze::x64 {

using codegen::is_terminator;

/// Whether a `br_table` is cheaper as a tree of compares over its runs of equal targets than as a jump table. A cost is
/// bytes, and, unless only size counts, twelve for each instruction on the way to a target.
static bool is_tree_cheaper(u32 cases, u32 runs, bool for_size) {
  constexpr u32 compare_bytes = 7, table_jump_bytes = 27, table_jump_steps = 7;
  u64 weight = for_size ? 0 : 12;
  u64 tree = u64{runs - 1} * compare_bytes + weight * (2 * static_cast<u64>(std::bit_width(runs - 1)) + 1);
  u64 table = u64{cases} * 4 + table_jump_bytes + weight * table_jump_steps;
  return tree <= table;
}

void Lowering::jump(Inst i, const InstRow &, u32) {
  auto edge = fn_->edge(i, 0);
  const auto &params = fn_->blocks[edge.target].params;
  ASSERT_SLOW(params.size() == edge.args.size());
  auto &args = out_->edge_args;
  std::vector<VReg> &staged = jump_args_;
  staged.clear();
  for (u32 k = 0; k < edge.args.size(); ++k) {
    if (info_[params[k]].uses == 0)
      continue;
    Value v = static_cast<Value>(edge.args[k]);
    VReg x = reg(v);
    VKind wanted = kind_of(fn_->type(params[k]));
    // Another name of a value of the other width (ExtendU, Wrap): here the widths must agree.
    if (codegen::size_of(kind(x)) != codegen::size_of(wanted)) {
      VReg copy = fresh(wanted);
      make(Op::MovLoad, Width::W32).rm(rm_reg(x)).def(copy);
      x = copy;
    }
    staged.push_back(x);
  }
  codegen::MBlockRow &block = out_->blocks[block_of_[fn_->links[i].block]];
  block.succs[0].args = {static_cast<u32>(args.size()), static_cast<u32>(staged.size())};
  args.insert(args.end(), staged.begin(), staged.end());
  make(Op::Jump, Width::W64).flags(is_terminator);
}

void Lowering::branch(Inst, const InstRow &r, u32) {
  Cond cc = condition(r.arg(0));
  make(Op::Branch, Width::W64, cc).flags(is_terminator);
}

void Lowering::switch_(Inst i, const InstRow &r, u32) {
  u32 count = fn_->edge_count(i), runs = 1;
  u32 first = static_cast<u32>(out_->jump_targets.size());
  for (u32 k = 0; k < count; ++k) {
    MBlock target = block_of_[fn_->edge(i, k).target];
    runs += k != 0 && target != out_->jump_targets.back();
    out_->jump_targets.push_back(target);
  }
  VReg index = reg(r.arg(0));
  i32 entries = static_cast<i32>(count);
  if (is_tree_cheaper(count - 1, runs, for_size_)) {
    make(Op::Switch, Width::W32).flags(is_terminator).use(index).imm(first).disp(entries);
    return;
  }
  VReg target = fresh(VKind::I64);
  make(Op::TableJump, Width::W64).flags(is_terminator).use(index).def_early(target).imm(first).disp(entries);
}

void Lowering::trap(Inst, const InstRow &r, u32) {
  make(Op::Trap, Width::W64).flags(is_terminator).trap(static_cast<abi::TrapCode>(r.aux));
}

void Lowering::unreachable(Inst, const InstRow &, u32) { make(Op::Unreachable, Width::W64).flags(is_terminator); }

void Lowering::trap_if(Inst, const InstRow &r, u32) {
  Cond cc = condition(r.arg(0));
  make(Op::TrapIf, Width::W64, cc).trap(static_cast<abi::TrapCode>(r.aux));
}

void Lowering::poll(Inst, const InstRow &, u32) {
  VReg store = load_field(offsetof(abi::InstanceContext, store));
  make(Op::Poll, Width::W64).use(store).trap(abi::TrapCode::Interrupted);
}

void Lowering::unsupported(Inst, const InstRow &, u32) { ASSERT(!"an IR op without a rule"); }

} // namespace trapeze::x64
