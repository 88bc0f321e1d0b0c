// The driver of selection and what it must know beforehand: uses, effects, who wants clean upper halves.
#include "target/x64/lower.hh"

#include "base/assert.hh"
#include "codegen/target.hh"
#include "ir/effects.hh"

#include <algorithm>
#include <array>

namespace trapeze::x64 {

using ir::Block;
using ir::Format;

RowMaker::RowMaker(Lowering &lowering, Op op, Width w, Cond cc) : lowering_(lowering) {
  row_.op = pack_op(op, cc);
  row_.form = pack_form(w);
  row_.first_operand = static_cast<u32>(lowering.out_->operands.size());
  row_.source = base::is_none(lowering.root_) ? ~0u : lowering.fn_->offsets[lowering.root_];
}

RowMaker::~RowMaker() { lowering_.group_.push_back(row_); }

RowMaker &RowMaker::add(Operand o) {
  // Operands of a row are contiguous: whatever it needs was asked for before the row was begun.
  ASSERT_SLOW(row_.first_operand + row_.operand_count == lowering_.out_->operands.size());
  lowering_.out_->operands.push_back(o);
  ++row_.operand_count;
  return *this;
}

RowMaker &RowMaker::rm(const RmOperand &x) {
  Op op = static_cast<Op>(row_.op & 1023);
  const TableRow &r = x64::row(op);
  return rm(x, r.rm_bytes != 0 ? r.rm_bytes : bytes_of(static_cast<Width>(row_.form & 3)));
}

RowMaker &RowMaker::rm(const RmOperand &x, u32 bytes) {
  if (x.mode == Mode::Reg) {
    bool in_slot = codegen::size_of(lowering_.kind(x.a)) >= bytes;
    return add(in_slot ? Operand::use_any(x.a) : Operand::use(x.a));
  }
  row_.form = pack_form(static_cast<Width>(row_.form & 3), x.mode, x.faults);
  row_.trap = x.trap;
  row_.scale_log2 = x.scale_log2;
  row_.disp = x.disp;
  if (x.mode == Mode::Pool)
    row_.imm = x.pool;
  u32 count = address_operands(x.mode);
  if (count >= 1)
    add(Operand::use(x.a));
  if (count == 2)
    add(Operand::use(x.b));
  return *this;
}

/// The handler of each op and its argument.
struct Rules {
  struct Rule {
    void (Lowering::*handler)(Inst, const InstRow &, u32) = &Lowering::unsupported;
    u32 argument = 0;
  };
  std::array<Rule, ir::op_count> rules{};

  constexpr void set(ir::Op op, void (Lowering::*handler)(Inst, const InstRow &, u32), u32 argument = 0) {
    rules[static_cast<u32>(op)] = {handler, argument};
  }
  constexpr void set(ir::Op op, void (Lowering::*handler)(Inst, const InstRow &, u32), Op argument) {
    set(op, handler, static_cast<u32>(argument));
  }
  constexpr Rules() {
    using L = Lowering;
    using O = ir::Op;
    for (O op : {O::Param, O::Proj, O::Const, O::ConstHigh, O::Instance, O::ExtendU})
      set(op, &L::nothing);
    set(O::Add, &L::add), set(O::Sub, &L::sub), set(O::Mul, &L::mul);
    set(O::And, &L::bitwise, Op::And), set(O::Or, &L::bitwise, Op::Or), set(O::Xor, &L::bitwise, Op::Xor);
    set(O::DivS, &L::divide, Op::DivS), set(O::DivU, &L::divide, Op::DivU);
    set(O::RemS, &L::divide, Op::RemS), set(O::RemU, &L::divide, Op::RemU);
    set(O::Shl, &L::shift, Op::Shl), set(O::ShrS, &L::shift, Op::Sar), set(O::ShrU, &L::shift, Op::Shr);
    set(O::Rotl, &L::shift, Op::Rol), set(O::Rotr, &L::shift, Op::Ror);
    set(O::Clz, &L::count_bits, Op::Clz), set(O::Ctz, &L::count_bits, Op::Ctz);
    set(O::Popcnt, &L::count_bits, Op::PopcntClean);
    set(O::Icmp, &L::set_condition), set(O::Fcmp, &L::set_condition), set(O::Select, &L::select);
    set(O::Wrap, &L::wrap);
    set(O::ExtendS, &L::extend, Op::Movsx32), set(O::Extend32S, &L::extend, Op::Movsx32);
    set(O::Extend8S, &L::extend, Op::Movsx8), set(O::Extend16S, &L::extend, Op::Movsx16);
    for (O op : {O::TruncS, O::TruncU, O::TruncSatS, O::TruncSatU})
      set(op, &L::truncate, static_cast<u32>(op));
    set(O::ConvertS, &L::convert, 1), set(O::ConvertU, &L::convert, 0u);
    set(O::Demote, &L::change_size), set(O::Promote, &L::change_size), set(O::Bitcast, &L::bitcast);
    set(O::Fadd, &L::float_binary, Op::Adds), set(O::Fsub, &L::float_binary, Op::Subs);
    set(O::Fmul, &L::float_binary, Op::Muls), set(O::Fdiv, &L::float_binary, Op::Divs);
    set(O::Fmin, &L::float_min_max, Op::Fmin), set(O::Fmax, &L::float_min_max, Op::Fmax);
    set(O::Fcopysign, &L::copysign);
    set(O::Fabs, &L::float_sign, Op::Andp), set(O::Fneg, &L::float_sign, Op::Xorp);
    set(O::Fnearest, &L::round, 8u), set(O::Ffloor, &L::round, 9u), set(O::Fceil, &L::round, 10u);
    set(O::Ftrunc, &L::round, 11u), set(O::Fsqrt, &L::sqrt);
    set(O::Load, &L::load), set(O::Store, &L::store);
    set(O::SlotLoad, &L::slot_load), set(O::SlotStore, &L::slot_store);
    set(O::Call, &L::call), set(O::CallPtr, &L::call), set(O::CallBuiltin, &L::call);
    set(O::ReturnCall, &L::return_call), set(O::ReturnCallPtr, &L::return_call);
    set(O::Jump, &L::jump), set(O::Branch, &L::branch), set(O::Switch, &L::switch_);
    set(O::Return, &L::return_values), set(O::Trap, &L::trap), set(O::Unreachable, &L::unreachable);
    set(O::TrapIf, &L::trap_if), set(O::Poll, &L::poll);
  }
};

static constexpr Rules rules;

// --- analysis

template <typename Visit> static void each_use(const ir::Function &fn, Inst i, Visit visit) {
  const InstRow &r = fn.insts[i];
  auto list = [&](std::span<const u32> values) {
    for (u32 v : values)
      visit(static_cast<Value>(v));
  };
  switch (ir::row(r.op).format) {
  case Format::Unary:
  case Format::Load:
  case Format::SlotStore:
  case Format::TrapIf:
    return visit(r.arg(0));
  case Format::Binary:
  case Format::Store:
    visit(r.arg(0));
    return visit(r.arg(1));
  case Format::Ternary:
    visit(r.arg(0));
    visit(r.arg(1));
    return visit(r.arg(2));
  case Format::Call:
    return list(fn.call_args(i));
  case Format::Return:
    return list(fn.return_values(i));
  case Format::Branch:
  case Format::Switch:
    visit(r.arg(0));
    [[fallthrough]];
  case Format::Jump:
    for (u32 k = 0; k < fn.edge_count(i); ++k)
      list(fn.edge(i, k).args);
    return;
  default:
    return;
  }
}

/// An instruction over which no load is moved.
static bool is_barrier(const InstRow &r) {
  ir::Effect effect = ir::row(r.op).effect;
  if (effect == ir::Effect::Pure)
    return false;
  if (r.op == ir::Op::Load) {
    ir::Access access = ir::Access::unpack(r.aux);
    return access.can_trap && access.trap != abi::TrapCode::MemoryOutOfBounds;
  }
  return r.op != ir::Op::SlotLoad;
}

void Lowering::analyse_block(Block b) {
  u32 epoch = 0;
  for (Inst i = fn_->blocks[b].first; !base::is_none(i); i = fn_->links[i].next) {
    info_[i].epoch = epoch;
    epoch += is_barrier(row(i));
    each_use(*fn_, i, [&](Value v) { ++info_[v].uses; });
    const InstRow &r = row(i);
    bool wants = r.op == ir::Op::ExtendU || (r.op == ir::Op::ConvertU && fn_->type(r.arg(0)) == Type::I32) ||
                 r.op == ir::Op::Switch;
    if (wants && !info_[r.arg(0)].wants_clean) {
      info_[r.arg(0)].wants_clean = true;
      work_.push_back(r.arg(0));
    }
  }
}

/// A block parameter is clean if all its arguments are. `work_` holds values newly marked.
void Lowering::mark_clean() {
  param_places_.clear(); // Param rows stand in no list
  param_places_.resize(fn_->insts.size());
  for (Block b : fn_->layout)
    for (u32 k = 0; k < fn_->blocks[b].params.size(); ++k)
      param_places_[fn_->blocks[b].params[k]] = {b, k};
  while (!work_.empty()) {
    Value v = work_.back();
    work_.pop_back();
    ParamPlace place = param_places_[v];
    if (base::is_none(place.block))
      continue;
    for (Block p : cfg_.preds(place.block)) {
      Inst end = fn_->blocks[p].last;
      if (row(end).op != ir::Op::Jump)
        continue;
      Value arg = static_cast<Value>(fn_->edge(end, 0).args[place.position]);
      if (!info_[arg].wants_clean) {
        info_[arg].wants_clean = true;
        work_.push_back(arg);
      }
    }
  }
}

void Lowering::analyse() {
  info_.clear();
  info_.resize(fn_->insts.size());
  work_.clear();
  for (Block b : fn_->layout)
    analyse_block(b);
  if (!work_.empty())
    mark_clean();
}

// --- values

i64 Lowering::const_value(Value v) const {
  const InstRow &r = row(v);
  return r.type == Type::I64 || r.type == Type::F64 ? static_cast<i64>(r.bits()) : static_cast<i32>(r.bits());
}

bool Lowering::const_fits(Value v) const {
  if (!is_const(v))
    return false;
  i64 c = const_value(v);
  return c == static_cast<i32>(c);
}

VReg Lowering::demand(Value v) {
  ValueInfo &info = info_[v];
  ASSERT_SLOW(!info.is_sunk);
  if (base::is_none(info.vreg))
    info.vreg = fresh(kind_of(fn_->type(v)));
  return info.vreg;
}

VReg Lowering::constant(const InstRow &r) {
  VReg v = fresh(kind_of(r.type));
  Width w = width_of(r.type);
  u64 bits = w == Width::W32 ? static_cast<u32>(r.bits()) : r.bits();
  if (!ir::is_float_class(r.type))
    make(Op::Const, w).imm(bits).flags(codegen::is_remat).def(v);
  else if (bits == 0)
    make(Op::FloatZero, w).flags(codegen::is_remat).def(v);
  else
    make(Op::FloatLoad, w).flags(codegen::is_remat).rm({.mode = Mode::Pool, .pool = bits}).def(v);
  return v;
}

VReg Lowering::reg(Value v) {
  for (;;) {
    const InstRow &r = row(v);
    if (r.op == ir::Op::ExtendU || (r.op == ir::Op::Wrap && !info_[v].wants_clean)) {
      v = r.arg(0);
      continue;
    }
    if (r.op == ir::Op::Const)
      return constant(r);
    if (r.op == ir::Op::Instance) {
      VReg copy = fresh(VKind::I64);
      make(Op::Instance, Width::W64).flags(codegen::is_remat).def(copy);
      return copy;
    }
    return demand(v);
  }
}

// --- blocks

/// A terminator's edges in order; a block that a switch names often is one successor.
void Lowering::make_edges(Block b, codegen::MBlockRow &block) {
  Inst end = fn_->blocks[b].last;
  ASSERT(!base::is_none(end));
  u32 count = fn_->edge_count(end);
  for (u32 k = 0; k < count; ++k) {
    MBlock target = block_of_[fn_->edge(end, k).target];
    if (row(end).op == ir::Op::Switch && named_by_[target] == base::index_of(b))
      continue;
    named_by_[target] = base::index_of(b);
    block.succs.push_back({target, {}});
  }
}

/// A block has three lists: what the last function allocated for them serves the next one.
void Lowering::recycle_blocks() {
  constexpr usize limit = 4096;
  for (codegen::MBlockRow &row : out_->blocks)
    if (spare_blocks_.size() < limit)
      spare_blocks_.push_back(std::move(row));
}

codegen::MBlockRow Lowering::fresh_block() {
  if (spare_blocks_.empty())
    return {};
  codegen::MBlockRow old = std::move(spare_blocks_.back()), row;
  spare_blocks_.pop_back();
  row.params = std::move(old.params);
  row.succs = std::move(old.succs);
  row.preds = std::move(old.preds);
  row.params.clear();
  row.succs.clear();
  row.preds.clear();
  return row;
}

void Lowering::make_blocks() {
  block_of_.clear();
  block_of_.resize(fn_->blocks.size(), base::none_id<MBlock>());
  for (Block b : fn_->layout) {
    const ir::BlockRow &from = fn_->blocks[b];
    codegen::MBlockRow row = fresh_block();
    row.ir_block = base::index_of(b);
    row.loop_depth = from.loop_depth;
    row.is_cold = from.is_cold;
    row.is_pad = from.is_pad;
    if (b != fn_->entry)
      for (Value p : from.params)
        if (info_[p].uses != 0)
          row.params.push_back(demand(p));
    block_of_[b] = out_->blocks.push(std::move(row));
  }
  named_by_.clear();
  named_by_.resize(out_->blocks.size(), ~0u);
  for (Block b : fn_->layout) {
    codegen::MBlockRow &row = out_->blocks[block_of_[b]];
    make_edges(b, row);
    for (Block p : cfg_.preds(b))
      row.preds.push_back(block_of_[p]);
  }
}

/// Regions whose pads nothing reaches are none: the function pays nothing for them.
void Lowering::make_regions() {
  bool has_pads = false;
  for (Block b : fn_->layout)
    has_pads |= fn_->blocks[b].is_pad;
  for (const ir::RegionRow &r : fn_->regions) {
    if (!has_pads)
      break;
    codegen::MRegion region;
    region.parent = base::index_of(r.parent);
    for (u32 k = 0; k < r.clauses.count; ++k) {
      MBlock pad = block_of_[fn_->clauses[r.clauses.first + k].pad];
      if (!base::is_none(pad))
        region.pads.push_back(pad);
    }
    out_->regions.push_back(std::move(region));
  }
  for (const ir::SlotRow &s : fn_->slots)
    out_->slots.push_back({std::max(ir::size_of(s.type), 4u), s.type == Type::Ref, 0});
}

bool Lowering::is_wanted(Inst i) const {
  if (info_[i].is_sunk)
    return false;
  const InstRow &r = row(i);
  switch (ir::row(r.op).effect) {
  case ir::Effect::Pure:
    return is_demanded(i);
  case ir::Effect::Read:
    return is_demanded(i) || (r.op == ir::Op::Load && !ir::Access::unpack(r.aux).removable);
  default:
    return true;
  }
}

void Lowering::close_group() {
  staged_.insert(staged_.end(), group_.rbegin(), group_.rend());
  group_.clear();
}

void Lowering::lower_block(Block b) {
  u32 first = static_cast<u32>(staged_.size());
  for (Inst i = fn_->blocks[b].last; !base::is_none(i); i = fn_->links[i].prev) {
    if (!is_wanted(i))
      continue;
    root_ = i;
    const Rules::Rule &rule = rules.rules[static_cast<u32>(row(i).op)];
    (this->*rule.handler)(i, row(i), rule.argument);
    close_group();
  }
  root_ = ir::no_inst;
  if (b == fn_->entry) {
    enter();
    close_group();
  }
  std::reverse(staged_.begin() + first, staged_.end());
  u32 at = base::index_of(block_of_[b]);
  staged_first_[at] = first;
  staged_count_[at] = static_cast<u32>(staged_.size()) - first;
}

void Lowering::run(const ir::Function &fn, const codegen::Settings &settings, MFunction &out) {
  cpu_ = settings.cpu;
  for_size_ = settings.for_size;
  fn_ = &fn;
  out_ = &out;
  recycle_blocks();
  out.clear();
  out.clobber_sets.assign(1, 0);
  cfg_.compute(fn);
  ASSERT(!fn.layout.empty() && fn.layout.front() == fn.entry);
  analyse();
  make_blocks();
  make_regions();
  out.needs_instance_slot = !out.regions.empty();
  staged_.clear();
  staged_first_.assign(out.blocks.size(), 0);
  staged_count_.assign(out.blocks.size(), 0);
  std::span<const Block> order = cfg_.reverse_postorder();
  for (u32 k = static_cast<u32>(order.size()); k-- > 0;)
    if (!base::is_none(block_of_[order[k]]))
      lower_block(order[k]);
  out.insts.reserve(staged_.size());
  for (u32 b = 0; b < out.blocks.size(); ++b) {
    codegen::MBlockRow &row = out.blocks[static_cast<MBlock>(b)];
    row.first_inst = static_cast<u32>(out.insts.size());
    row.inst_count = staged_count_[b];
    auto begin = staged_.begin() + staged_first_[b];
    out.insts.insert(out.insts.end(), begin, begin + staged_count_[b]);
  }
}

} // namespace trapeze::x64
