// The allocation checker: runs an allocation symbolically, independent of how it was made.
//
// Idea: for each register and slot keep the set of values it is known to hold, at each point the intersection over all
// paths (a fixpoint over blocks, from "everything" downwards). Edits copy sets, definitions and clobbers empty them, an
// edge renames arguments to parameters. Then one more pass over every reachable block asks at each operand whether its
// place holds its value and fits its constraint.
//
// A definition removes its value from all other places: in a loop they hold last turn's.
// Scratch registers hold nothing from one instruction to the next: the emitter uses them too.
// Calls: registers in the clobber set are emptied, and references leave all registers and all slots that the safepoint
// row does not list. What is left in slots meets at the pads of the call's region and of the regions around it.
#include "codegen/regalloc/regalloc.hh"

#include <algorithm>
#include <fmt/format.h>

namespace trapeze::codegen {
namespace {

constexpr u32 register_count = 64;

/// (place, value) pairs, sorted: what is known at the head of a block.
using Snapshot = std::vector<u64>;

/// Values by place and places by value.
class Contents {
public:
  Contents(u32 places, u32 vregs) : values_(places), holders_(vregs), is_noted_(places, 0) {}

  /// Every place that holds something, and some that do not.
  std::span<const u32> noted() const { return noted_; }

  std::span<const u32> values(u32 place) const { return values_[place]; }
  std::span<const u32> holders(VReg v) const { return holders_[base::index_of(v)]; }
  bool holds(u32 place, VReg v) const {
    return std::find(values_[place].begin(), values_[place].end(), base::index_of(v)) != values_[place].end();
  }
  void add(u32 place, u32 v) {
    if (is_noted_[place] == 0) {
      is_noted_[place] = 1;
      noted_.push_back(place);
    }
    values_[place].push_back(v);
    holders_[v].push_back(place);
  }
  void clear(u32 place) {
    for (u32 v : values_[place])
      drop(holders_[v], place);
    values_[place].clear();
  }
  void forget(VReg v) {
    for (u32 place : holders_[base::index_of(v)])
      drop(values_[place], base::index_of(v));
    holders_[base::index_of(v)].clear();
  }
  template <typename Keep> void filter(u32 place, Keep &&keep) {
    std::vector<u32> old = std::move(values_[place]);
    values_[place].clear();
    for (u32 v : old) {
      if (keep(v))
        values_[place].push_back(v);
      else
        drop(holders_[v], place);
    }
  }
  void load(const Snapshot &snapshot) {
    for (u32 place : noted_) {
      clear(place);
      is_noted_[place] = 0;
    }
    noted_.clear();
    for (u64 pair : snapshot)
      add(static_cast<u32>(pair >> 32), static_cast<u32>(pair));
  }
  Snapshot save(u32 first_place) const {
    Snapshot out;
    for (u32 place : noted_)
      if (place >= first_place)
        for (u32 v : values_[place])
          out.push_back(u64{place} << 32 | v);
    std::sort(out.begin(), out.end());
    return out;
  }

private:
  static void drop(std::vector<u32> &list, u32 what) {
    auto it = std::find(list.begin(), list.end(), what);
    if (it != list.end()) {
      *it = list.back();
      list.pop_back();
    }
  }
  std::vector<std::vector<u32>> values_, holders_;
  std::vector<u8> is_noted_;
  std::vector<u32> noted_;
};

class Checker {
public:
  Checker(const MFunction &m, const RegisterFile &file, const Allocation &a)
      : m_(m), file_(file), a_(a), contents_(register_count + static_cast<u32>(a.spill_slots.size()), m.vregs.size()) {}

  std::optional<std::string> run() {
    if (!check_shape())
      return error_;
    known_.resize(m_.blocks.size());
    reached_.assign(m_.blocks.size(), 0);
    queued_.assign(m_.blocks.size(), 0);
    region_known_.resize(m_.regions.size());
    region_reached_.assign(m_.regions.size(), 0);
    meet_block(0, {});
    for (usize next = 0; next < queue_.size(); ++next) {
      queued_[queue_[next]] = 0;
      block(queue_[next]);
    }
    reporting_ = true;
    for (u32 b = 0; b < m_.blocks.size() && error_.empty(); ++b)
      if (reached_[b] != 0)
        block(b);
    if (error_.empty())
      return std::nullopt;
    return error_;
  }

private:
  bool check_shape();
  void block(u32 b);
  void edits(u32 inst);
  void edit(const Edit &e);
  void instruction(u32 inst);
  void check_use(u32 inst, u32 k);
  void check_def(u32 inst, u32 k);
  void check_apart(u32 inst);
  void call(u32 inst);
  void check_row(u32 inst);
  void reach_pads(u32 region);
  void leave(u32 b);
  void meet_block(u32 b, Snapshot in);
  static bool meet(Snapshot &into, u8 &reached, Snapshot in);

  u32 key(Place p) const { return p.is_reg() ? p.index : register_count + p.index; }
  bool is_valid(Place p) const {
    return p.is_reg() ? p.index < register_count : p.is_slot() && p.index < a_.spill_slots.size();
  }
  VKind kind(VReg v) const { return m_.vregs[v].kind; }
  bool is_allocatable(PReg r) const {
    std::span<const PReg> order = class_of(r) == RegClass::Int ? file_.int_order : file_.float_order;
    return std::find(order.begin(), order.end(), r) != order.end();
  }
  Place place(const MInst &row, u32 k) const { return a_.operands[row.first_operand + k]; }
  void complain(u32 inst, const std::string &what) {
    if (reporting_ && error_.empty())
      error_ = fmt::format("inst {}: {}", inst, what);
  }

  const MFunction &m_;
  const RegisterFile &file_;
  const Allocation &a_;
  Contents contents_;
  std::vector<Snapshot> known_, region_known_;
  std::vector<u8> reached_, region_reached_, queued_;
  std::vector<u32> queue_;
  std::vector<u32> first_edit_;   ///< per instruction and one more
  std::vector<u32> safepoint_of_; ///< per instruction: row, ~0: none
  std::vector<u8> is_listed_;     ///< per slot, for the call at hand
  std::vector<u8> is_param_;      ///< per value, while an edge is taken
  bool reporting_ = false;
  std::string error_;
};

std::string name(Place p) {
  if (p.is_reg())
    return fmt::format("{}{}", class_of(p.preg()) == RegClass::Int ? "r" : "f", hw(p.preg()));
  return p.is_slot() ? fmt::format("slot{}", p.index) : "nowhere";
}

bool Checker::check_shape() {
  reporting_ = true;
  u32 n = static_cast<u32>(m_.insts.size());
  if (a_.operands.size() != m_.operands.size())
    complain(0, "one place per operand expected");
  first_edit_.assign(n + 2, 0);
  for (usize i = 0; i < a_.edits.size(); ++i) {
    if (a_.edits[i].inst >= n || (i > 0 && a_.edits[i].inst < a_.edits[i - 1].inst))
      complain(a_.edits[i].inst, "edits out of order");
    else
      ++first_edit_[a_.edits[i].inst + 1];
  }
  for (u32 i = 0; i <= n; ++i)
    first_edit_[i + 1] += first_edit_[i];
  safepoint_of_.assign(n, ~0u);
  for (u32 row = 0; row < a_.safepoints.size(); ++row) {
    u32 inst = a_.safepoints[row].inst;
    if (inst >= n || (m_.insts[inst].flags & is_call) == 0)
      complain(inst, "safepoint row for something that is no call");
    else
      safepoint_of_[inst] = row;
  }
  is_listed_.assign(a_.spill_slots.size(), 0);
  is_param_.assign(m_.vregs.size(), 0);
  reporting_ = false;
  return error_.empty();
}

void Checker::block(u32 b) {
  const MBlockRow &row = m_.blocks[static_cast<MBlock>(b)];
  contents_.load(known_[b]);
  for (u32 i = row.first_inst; i < row.first_inst + row.inst_count; ++i) {
    edits(i);
    instruction(i);
  }
  if (!reporting_)
    leave(b);
}

void Checker::edits(u32 inst) {
  for (u32 i = first_edit_[inst]; i < first_edit_[inst + 1]; ++i)
    edit(a_.edits[i]);
}

void Checker::edit(const Edit &e) {
  if (!is_valid(e.to) || (e.remat == ~0u && !is_valid(e.from)))
    return complain(e.inst, "edit with an invalid place");
  if (e.to.is_slot() && (a_.spill_slots[e.to.index].is_ref != (e.kind == VKind::Ref) ||
                         a_.spill_slots[e.to.index].size < size_of(e.kind)))
    return complain(e.inst, fmt::format("edit writes {}, which is of another kind", name(e.to)));
  for (Place p : {e.from, e.to})
    if (p.is_reg() && class_of(p.preg()) != class_of(e.kind))
      return complain(e.inst, fmt::format("edit of the wrong class for {}", name(p)));
  if (e.to.is_reg() && (a_.used & bit(e.to.preg())) == 0)
    complain(e.inst, fmt::format("{} is written, but not in `used`", name(e.to)));
  if (e.remat != ~0u) {
    const MInst &inst = m_.insts[e.remat];
    if ((inst.flags & is_remat) == 0 || !e.to.is_reg())
      return complain(e.inst, "edit repeats an instruction that may not be repeated, or not into a register");
    contents_.clear(key(e.to));
    contents_.add(key(e.to), base::index_of(m_.operands_of(inst)[0].vreg));
    return;
  }
  if (e.from == e.to)
    return;
  std::span<const u32> values = contents_.values(key(e.from));
  std::vector<u32> copied(values.begin(), values.end());
  if (e.from.is_slot() && e.to.is_slot()) // through the scratch register of the other class
    contents_.clear(static_cast<u32>(class_of(e.kind) == RegClass::Int ? file_.float_scratch : file_.int_scratch));
  contents_.clear(key(e.to));
  for (u32 v : copied) {
    VKind k = kind(static_cast<VReg>(v));
    if (size_of(k) <= size_of(e.kind) && class_of(k) == class_of(e.kind) && (k == VKind::Ref) == (e.kind == VKind::Ref))
      contents_.add(key(e.to), v);
  }
}

void Checker::instruction(u32 inst) {
  const MInst &row = m_.insts[inst];
  std::span<const Operand> operands = m_.operands_of(row);
  if (reporting_) {
    for (u32 k = 0; k < operands.size(); ++k)
      operands[k].role == Role::Use ? check_use(inst, k) : check_def(inst, k);
    check_apart(inst);
  }
  for (RegSet set = m_.clobber_sets[row.clobbers]; set != 0; set &= set - 1)
    contents_.clear(static_cast<u32>(__builtin_ctzll(set)));
  for (PReg scratch : {file_.int_scratch, file_.float_scratch}) // the emitter's own
    contents_.clear(static_cast<u32>(scratch));
  if ((row.flags & is_call) != 0)
    call(inst);
  for (u32 k = 0; k < operands.size(); ++k)
    if (operands[k].role == Role::Def && is_valid(place(row, k)))
      contents_.forget(operands[k].vreg);
  for (u32 k = 0; k < operands.size(); ++k)
    if (operands[k].role == Role::Def && is_valid(place(row, k)))
      contents_.clear(key(place(row, k)));
  for (u32 k = 0; k < operands.size(); ++k)
    if (operands[k].role == Role::Def && is_valid(place(row, k)))
      contents_.add(key(place(row, k)), base::index_of(operands[k].vreg));
}

void Checker::check_use(u32 inst, u32 k) {
  const MInst &row = m_.insts[inst];
  const Operand &o = m_.operands_of(row)[k];
  Place p = place(row, k);
  if (!is_valid(p))
    return complain(inst, fmt::format("use {} has no place", k));
  if (o.constraint == Constraint::Fixed ? p != Place::reg(o.fixed())
      : p.is_slot()                     ? o.constraint != Constraint::Any
                                        : !is_allocatable(p.preg()))
    return complain(inst, fmt::format("use {} may not be in {}", k, name(p)));
  if (p.is_reg() && class_of(p.preg()) != class_of(kind(o.vreg)))
    return complain(inst, fmt::format("use {} is in a register of the wrong class", k));
  if (!contents_.holds(key(p), o.vreg))
    complain(inst, fmt::format("use {} reads v{} in {}, which does not hold it", k, base::index_of(o.vreg), name(p)));
}

void Checker::check_def(u32 inst, u32 k) {
  const MInst &row = m_.insts[inst];
  const Operand &o = m_.operands_of(row)[k];
  Place p = place(row, k);
  if (p.kind == Place::Kind::None && (row.flags & is_remat) != 0)
    return;
  if (!p.is_reg() || !is_valid(p))
    return complain(inst, fmt::format("definition {} has no register", k));
  if (o.constraint == Constraint::Fixed   ? p != Place::reg(o.fixed())
      : o.constraint == Constraint::Reuse ? p != place(row, o.fixed_or_reuse)
                                          : !is_allocatable(p.preg()))
    return complain(inst, fmt::format("definition {} may not be in {}", k, name(p)));
  if (class_of(p.preg()) != class_of(kind(o.vreg)))
    return complain(inst, fmt::format("definition {} is in a register of the wrong class", k));
  if ((a_.used & bit(p.preg())) == 0)
    complain(inst, fmt::format("{} is written, but not in `used`", name(p)));
}

/// Definitions apart from each other, late uses apart from definitions and clobbers, early definitions from all uses.
void Checker::check_apart(u32 inst) {
  const MInst &row = m_.insts[inst];
  std::span<const Operand> operands = m_.operands_of(row);
  for (u32 d = 0; d < operands.size(); ++d) {
    const Operand &def = operands[d];
    if (def.role == Role::Use) {
      Place p = place(row, d);
      if (def.point == Point::Late && p.is_reg() && is_valid(p) && (m_.clobber_sets[row.clobbers] & bit(p.preg())) != 0)
        complain(inst, fmt::format("late use {} is in a clobbered register", d));
      continue;
    }
    for (u32 k = 0; k < operands.size(); ++k) {
      const Operand &o = operands[k];
      if (k == d || place(row, k) != place(row, d) || place(row, k).kind == Place::Kind::None)
        continue;
      if (o.role == Role::Def || o.point == Point::Late || def.point == Point::Early)
        complain(inst, fmt::format("operands {} and {} share {}", d, k, name(place(row, k))));
    }
  }
}

void Checker::call(u32 inst) {
  u32 row = safepoint_of_[inst];
  std::span<const u32> listed;
  if (row != ~0u)
    listed = std::span(a_.safepoint_slots).subspan(a_.safepoints[row].slots.first, a_.safepoints[row].slots.count);
  for (u32 slot : listed) {
    if (slot >= a_.spill_slots.size() || !a_.spill_slots[slot].is_ref)
      return complain(inst, "safepoint lists a slot that is not for references");
    if (contents_.values(register_count + slot).empty())
      complain(inst, fmt::format("safepoint lists slot{}, which holds no reference for sure", slot));
    is_listed_[slot] = 1;
  }
  auto is_no_ref = [&](u32 v) { return kind(static_cast<VReg>(v)) != VKind::Ref; };
  for (u32 place : contents_.noted()) {
    if (place < register_count)
      contents_.filter(place, is_no_ref);
    else if (a_.spill_slots[place - register_count].is_ref && is_listed_[place - register_count] == 0)
      contents_.clear(place);
  }
  for (u32 slot : listed)
    is_listed_[slot] = 0;
  u32 region = m_.insts[inst].region;
  if (region != ~0u && !reporting_ &&
      meet(region_known_[region], region_reached_[region], contents_.save(register_count)))
    reach_pads(region);
}

void Checker::reach_pads(u32 region) {
  while (true) {
    for (MBlock pad : m_.regions[region].pads)
      meet_block(base::index_of(pad), region_known_[region]);
    u32 parent = m_.regions[region].parent;
    if (parent == ~0u || !meet(region_known_[parent], region_reached_[parent], region_known_[region]))
      return;
    region = parent;
  }
}

void Checker::leave(u32 b) {
  const MBlockRow &row = m_.blocks[static_cast<MBlock>(b)];
  for (const MBlockRow::Edge &edge : row.succs) {
    const MBlockRow &target = m_.blocks[edge.target];
    // Renaming happens at once: all of last turn's parameters go, then every place of an argument holds the parameter.
    std::vector<std::pair<u32, u32>> renamed;
    for (u32 k = 0; k < edge.args.count; ++k)
      for (u32 holder : contents_.holders(m_.edge_args[edge.args.first + k]))
        renamed.push_back({holder, base::index_of(target.params[k])});
    Snapshot out = contents_.save(0);
    if (!target.params.empty()) {
      for (VReg p : target.params)
        is_param_[base::index_of(p)] = 1;
      std::erase_if(out, [&](u64 pair) { return is_param_[static_cast<u32>(pair)] != 0; });
      for (VReg p : target.params)
        is_param_[base::index_of(p)] = 0;
      for (auto [holder, param] : renamed)
        out.push_back(u64{holder} << 32 | param);
      std::sort(out.begin(), out.end());
      out.erase(std::unique(out.begin(), out.end()), out.end());
    }
    meet_block(base::index_of(edge.target), std::move(out));
  }
}

bool Checker::meet(Snapshot &into, u8 &reached, Snapshot in) {
  if (reached == 0) {
    reached = 1;
    into = std::move(in);
    return true;
  }
  Snapshot both;
  std::set_intersection(into.begin(), into.end(), in.begin(), in.end(), std::back_inserter(both));
  bool changed = both.size() != into.size();
  into = std::move(both);
  return changed;
}

void Checker::meet_block(u32 b, Snapshot in) {
  if (meet(known_[b], reached_[b], std::move(in)) && queued_[b] == 0) {
    queued_[b] = 1;
    queue_.push_back(b);
  }
}

} // namespace

std::optional<std::string> check(const MFunction &m, const RegisterFile &registers, const Allocation &a) {
  return Checker(m, registers, a).run();
}

} // namespace trapeze::codegen
