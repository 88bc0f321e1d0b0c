// The walk of the one-pass mode (one_pass.hh has the picture); slots and edits are in one_pass_write.cpp.
#include "codegen/regalloc/one_pass.hh"

#include <algorithm>

namespace trapeze::codegen {

static constexpr u32 none = ~0u;
static constexpr VReg no_value = base::none_id<VReg>();

OnePass::OnePass(const MFunction &m, const RegisterFile &file, Workspace &ws, Allocation &out)
    : m_(m), file_(file), ws_(ws), out_(out) {
  for (PReg r : file.int_order)
    ints_ |= bit(r);
  for (PReg r : file.float_order)
    floats_ |= bit(r);
  holds_.fill(no_value);
}

void OnePass::run() {
  count();
  out_.operands.assign(m_.operands.size(), {});
  ws_.moves.clear();
  ws_.states.clear();
  ws_.state_at.assign(m_.blocks.size(), none);
  ws_.slot_operands.clear();
  for (u32 b = 0; b < m_.blocks.size(); ++b) {
    const MBlockRow &block = m_.blocks[static_cast<MBlock>(b)];
    begin_block(b);
    for (u32 i = block.first_inst; i < block.first_inst + block.inst_count; ++i)
      instruction(i);
    end_block(b);
  }
  list_roots();
  order_stored();
  find_back_edges();
  give_slots();
  write_safepoints();
  write();
}

// --- before

void OnePass::note_use(VReg v, u32 block, u32 inst) {
  PassRow &row = ws_.rows[v];
  ++row.uses;
  row.is_used = true;
  row.last = inst;
  row.last_block = block;
  row.is_used_before |= row.def == none;
}

void OnePass::count_block(u32 b) {
  const MBlockRow &block = m_.blocks[static_cast<MBlock>(b)];
  for (VReg p : block.params) {
    PassRow &row = ws_.rows[p];
    row.def = block.first_inst;
    row.def_block = b;
    row.is_param = true;
  }
  u32 end = block.first_inst + block.inst_count;
  for (u32 i = block.first_inst; i < end; ++i) {
    const MInst &inst = m_.insts[i];
    if ((inst.flags & is_call) != 0 && inst.region != none)
      ws_.region_last[inst.region] = b;
    for (u32 k = inst.first_operand; k < inst.first_operand + inst.operand_count; ++k) {
      const Operand &o = m_.operands[k];
      PassRow &row = ws_.rows[o.vreg];
      if (o.role == Role::Use) {
        note_use(o.vreg, b, i);
        if (o.constraint == Constraint::Fixed)
          row.hint = o.fixed();
        continue;
      }
      row.def = i;
      row.def_block = b;
      row.def_operand = k;
      if ((inst.flags & is_remat) != 0)
        row.remat = i;
    }
  }
  for (const MBlockRow::Edge &edge : block.succs)
    for (u32 k = 0; k < edge.args.count; ++k)
      note_use(m_.edge_args[edge.args.first + k], b, end - 1);
}

void OnePass::count() {
  ws_.rows.clear();
  ws_.rows.resize(m_.vregs.size());
  ws_.region_last.assign(m_.regions.size(), 0);
  for (u32 b = 0; b < m_.blocks.size(); ++b)
    count_block(b);
}

// --- registers

void OnePass::put(VReg v, PReg r) {
  u32 n = static_cast<u32>(r);
  holds_[n] = v;
  full_ |= bit(r);
  touched_[n] = ++clock_;
  ws_.rows[v].reg = r;
}

void OnePass::forget(PReg r) {
  if ((full_ & bit(r)) == 0)
    return;
  full_ &= ~bit(r);
  ws_.rows[holds_[static_cast<u32>(r)]].reg = no_preg;
}

void OnePass::leave(VReg v) {
  if (PReg r = ws_.rows[v].reg; r != no_preg)
    forget(r);
}

void OnePass::drop(RegSet set) {
  for (set &= full_; set != 0; set &= set - 1)
    forget(static_cast<PReg>(__builtin_ctzll(set)));
}

PReg OnePass::free_register(RegClass cls, RegSet barred, PReg hint) const {
  RegSet free = set_of(cls) & ~barred & ~full_;
  if (free == 0)
    return no_preg;
  if (hint != no_preg && (free & bit(hint)) != 0)
    return hint;
  for (PReg r : cls == RegClass::Int ? file_.int_order : file_.float_order)
    if ((free & bit(r)) != 0)
      return r;
  return no_preg;
}

/// A free register, or one whose value has not been touched for longest; what can be made again goes before others.
PReg OnePass::find(RegClass cls, RegSet barred, PReg hint) {
  if (PReg r = free_register(cls, barred, hint); r != no_preg)
    return r;
  PReg best = no_preg;
  u64 best_age = 0;
  for (RegSet left = set_of(cls) & ~barred; left != 0; left &= left - 1) {
    u32 r = static_cast<u32>(__builtin_ctzll(left));
    u64 age = u64{ws_.rows[holds_[r]].remat != none} << 32 | (none - touched_[r]);
    if (best == no_preg || age > best_age) {
      best = static_cast<PReg>(r);
      best_age = age;
    }
  }
  ASSERT(best != no_preg);
  forget(best);
  return best;
}

/// Where a value is now: who reads a slot wants it stored.
Place OnePass::place_of(VReg v) {
  const PassRow &row = ws_.rows[v];
  if (row.reg != no_preg)
    return Place::reg(row.reg);
  return row.remat != none ? Place{} : Place::slot(base::index_of(v));
}

void OnePass::move(u32 inst, Boundary boundary, VReg v, Place from, Place to) {
  if (from == to)
    return;
  PassRow &row = ws_.rows[v];
  if (from.is_slot())
    row.is_stored = true;
  ws_.moves.push_back({inst, boundary, kind(v), from, to, from.kind == Place::Kind::None ? row.remat : none});
}

void OnePass::assign(const MInst &row, u32 k, Place p) {
  out_.operands[row.first_operand + k] = p;
  if (p.is_reg())
    out_.used |= bit(p.preg());
}

// --- the walk

void OnePass::begin_block(u32 b) {
  const MBlockRow &block = m_.blocks[static_cast<MBlock>(b)];
  bool has_one_pred = !block.is_pad && block.preds.size() == 1;
  if (has_one_pred && base::index_of(block.preds[0]) + 1 == b)
    return;
  drop(full_);
  if (!has_one_pred || ws_.state_at[b] == none)
    return;
  const Workspace::HeldState &state = ws_.states[ws_.state_at[b]];
  for (RegSet left = state.full; left != 0; left &= left - 1) {
    u32 r = static_cast<u32>(__builtin_ctzll(left));
    if (ws_.rows[state.holds[r]].uses != 0)
      put(state.holds[r], static_cast<PReg>(r));
  }
}

/// Arguments go to the slots of their parameters.
void OnePass::end_block(u32 b) {
  const MBlockRow &block = m_.blocks[static_cast<MBlock>(b)];
  u32 terminator = block.first_inst + block.inst_count - 1;
  for (const MBlockRow::Edge &edge : block.succs) {
    for (u32 k = 0; k < edge.args.count; ++k) {
      VReg arg = m_.edge_args[edge.args.first + k], param = m_.blocks[edge.target].params[k];
      --ws_.rows[arg].uses;
      if (!ws_.rows[param].is_used)
        continue;
      ws_.rows[param].is_stored = true;
      move(terminator, Boundary::Exit, arg, place_of(arg), Place::slot(base::index_of(param)));
    }
    for (u32 k = 0; k < edge.args.count; ++k)
      if (VReg arg = m_.edge_args[edge.args.first + k]; ws_.rows[arg].uses == 0)
        leave(arg);
  }
  if (full_ != 0)
    hand_on(b);
}

/// Keeps the state for successors that are entered from here only, but not at once.
void OnePass::hand_on(u32 b) {
  u32 state = none;
  for (const MBlockRow::Edge &edge : m_.blocks[static_cast<MBlock>(b)].succs) {
    const MBlockRow &target = m_.blocks[edge.target];
    if (base::index_of(edge.target) <= b + 1 || target.is_pad || target.preds.size() != 1)
      continue;
    if (state == none) {
      state = static_cast<u32>(ws_.states.size());
      ws_.states.push_back({full_, holds_});
    }
    ws_.state_at[base::index_of(edge.target)] = state;
  }
}

void OnePass::instruction(u32 inst) {
  const MInst &row = m_.insts[inst];
  std::span<const Operand> operands = m_.operands_of(row);
  u32 n = row.operand_count;
  pinned_ = 0;
  reused_ = no_preg;
  late_ = m_.clobber_sets[row.clobbers];
  read_sources(row);
  fixed_uses(inst, row);
  for (u32 k = 0; k < n; ++k)
    if (operands[k].role == Role::Use && operands[k].constraint != Constraint::Fixed)
      other_use(inst, row, k);
  for (u32 k = 0; k < n; ++k)
    if (operands[k].role == Role::Use && ws_.rows[operands[k].vreg].uses == 0)
      leave(operands[k].vreg);
  clobber(row);
  for (u32 k = 0; k < n; ++k)
    if (operands[k].role == Role::Def)
      define(row, k);
  for (u32 k = 0; k < n; ++k)
    if (operands[k].role == Role::Def && ws_.rows[operands[k].vreg].uses == 0)
      leave(operands[k].vreg);
}

/// Where values are before anything moves; which registers this instruction takes whatever happens.
void OnePass::read_sources(const MInst &row) {
  std::span<const Operand> operands = m_.operands_of(row);
  for (u32 k = 0; k < operands.size(); ++k) {
    const Operand &o = operands[k];
    if (o.role == Role::Use) {
      sources_[k] = place_of(o.vreg);
      --ws_.rows[o.vreg].uses;
    }
    if (o.constraint != Constraint::Fixed)
      continue;
    if (o.role == Role::Use || o.point == Point::Early)
      pinned_ |= bit(o.fixed());
    if (o.role == Role::Def || o.point == Point::Late)
      late_ |= bit(o.fixed());
  }
  RegSet taken = pinned_;
  for (u32 k = 0; k < operands.size(); ++k)
    if (operands[k].role == Role::Use && operands[k].constraint != Constraint::Fixed && sources_[k].is_reg() &&
        (taken & bit(sources_[k].preg())) == 0)
      pinned_ |= bit(sources_[k].preg());
}

void OnePass::fixed_uses(u32 inst, const MInst &row) {
  std::span<const Operand> operands = m_.operands_of(row);
  auto each = [&](auto &&visit) {
    for (u32 k = 0; k < operands.size(); ++k)
      if (operands[k].role == Role::Use && operands[k].constraint == Constraint::Fixed)
        visit(k, operands[k].vreg, operands[k].fixed());
  };
  each([&](u32, VReg v, PReg r) { displace(inst, row, r, v); });
  each([&](u32 k, VReg v, PReg r) {
    assign(row, k, Place::reg(r));
    move(inst, Boundary::Before, v, sources_[k], Place::reg(r));
    if (ws_.rows[v].reg == no_preg)
      put(v, r);
  });
}

/// A register is about to be overwritten by the value `by`. What it held moves on if that costs no other value its
/// place.
void OnePass::displace(u32 inst, const MInst &row, PReg r, VReg by) {
  if ((full_ & bit(r)) == 0)
    return;
  VReg v = holds_[static_cast<u32>(r)];
  if (v == by)
    return;
  forget(r);
  if (ws_.rows[v].uses == 0 || (row.flags & is_call) != 0)
    return;
  PReg to = free_register(class_of(kind(v)), pinned_ | late_, no_preg);
  if (to == no_preg)
    return;
  move(inst, Boundary::Before, v, Place::reg(r), Place::reg(to));
  put(v, to);
  pinned_ |= bit(to);
}

void OnePass::other_use(u32 inst, const MInst &row, u32 k) {
  std::span<const Operand> operands = m_.operands_of(row);
  const Operand &o = operands[k];
  for (u32 d = 0; d < operands.size(); ++d)
    if (operands[d].constraint == Constraint::Reuse && operands[d].fixed_or_reuse == k)
      return reused(inst, row, k, d);
  PassRow &value = ws_.rows[o.vreg];
  RegSet barred = o.point == Point::Late ? late_ : 0;
  PReg r = value.reg;
  if (r == no_preg && o.point == Point::Early && reused_ != no_preg && sources_[k] == Place::reg(reused_))
    return assign(row, k, sources_[k]);
  if (r == no_preg || (barred & bit(r)) != 0) {
    RegClass cls = class_of(kind(o.vreg));
    bool may_stay = o.constraint == Constraint::Any && sources_[k].is_slot() && value.reg == no_preg;
    r = may_stay && value.uses == 0 ? no_preg : free_register(cls, barred | pinned_, no_preg);
    if (r == no_preg && may_stay) {
      value.is_stored = true;
      ws_.slot_operands.push_back(row.first_operand + k);
      return assign(row, k, Place::slot(base::index_of(o.vreg)));
    }
    if (r == no_preg)
      r = find(cls, barred | pinned_, no_preg);
    move(inst, Boundary::Before, o.vreg, sources_[k], Place::reg(r));
    leave(o.vreg);
    put(o.vreg, r);
  }
  touched_[static_cast<u32>(r)] = ++clock_;
  pinned_ |= bit(r);
  if (o.point == Point::Late)
    late_ |= bit(r);
  assign(row, k, Place::reg(r));
}

/// The operand's register will be the definition's: the value's own if this is its last use, else a copy.
void OnePass::reused(u32 inst, const MInst &row, u32 k, u32 def) {
  std::span<const Operand> operands = m_.operands_of(row);
  VReg v = operands[k].vreg;
  PReg r = ws_.rows[v].reg;
  bool is_wanted = ws_.rows[v].uses != 0;
  for (u32 j = 0; j < operands.size(); ++j)
    is_wanted |= j != k && operands[j].vreg == v && operands[j].role == Role::Use && operands[j].point == Point::Late;
  if (r == no_preg || is_wanted || (late_ & bit(r)) != 0) {
    bool is_only_in_memory = r == no_preg;
    r = find(class_of(kind(v)), late_ | pinned_, ws_.rows[operands[def].vreg].hint);
    move(inst, Boundary::Before, v, sources_[k], Place::reg(r));
    if (!is_only_in_memory)
      touched_[static_cast<u32>(ws_.rows[v].reg)] = ++clock_;
  } else {
    forget(r);
    reused_ = r;
  }
  pinned_ |= bit(r);
  late_ |= bit(r);
  assign(row, k, Place::reg(r));
  assign(row, def, Place::reg(r));
}

void OnePass::clobber(const MInst &row) {
  drop(m_.clobber_sets[row.clobbers]);
  for (const Operand &o : m_.operands_of(row))
    if (o.role == Role::Def && o.constraint == Constraint::Fixed)
      forget(o.fixed());
  if ((row.flags & is_call) == 0)
    return;
  for (RegSet left = full_ & ints_; left != 0; left &= left - 1) {
    u32 r = static_cast<u32>(__builtin_ctzll(left));
    if (kind(holds_[r]) == VKind::Ref)
      forget(static_cast<PReg>(r));
  }
}

void OnePass::define(const MInst &row, u32 k) {
  std::span<const Operand> operands = m_.operands_of(row);
  const Operand &o = operands[k];
  RegClass cls = class_of(kind(o.vreg));
  const PassRow &value = ws_.rows[o.vreg];
  PReg r;
  if (o.constraint == Constraint::Fixed) {
    r = o.fixed();
  } else if (o.constraint == Constraint::Reuse) {
    r = out_.operands[row.first_operand + k].preg();
  } else if ((row.flags & is_remat) != 0) {
    r = value.uses == 0 ? no_preg : free_register(cls, 0, value.hint);
    if (r == no_preg)
      return; // made where it is wanted
  } else {
    RegSet barred = o.point == Point::Early ? late_ | pinned_ : late_;
    PReg hint = value.hint;
    if ((row.flags & is_move) != 0 && sources_[0].is_reg() && operands[0].role == Role::Use)
      hint = sources_[0].preg();
    r = find(cls, barred, hint);
  }
  late_ |= bit(r);
  forget(r);
  put(o.vreg, r);
  assign(row, k, Place::reg(r));
}

void allocate_in_one_pass(const MFunction &m, const RegisterFile &registers, Workspace &ws, Allocation &out) {
  OnePass(m, registers, ws, out).run();
}

} // namespace trapeze::codegen
