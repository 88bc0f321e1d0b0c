// The generic part of printing machine functions; the form is in the header.
#include "codegen/print.hh"

#include <fmt/format.h>
#include <iterator>

namespace trapeze::codegen {
namespace {

template <typename... Args> void append(std::string &out, fmt::format_string<Args...> format, Args &&...args) {
  fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
}

class Printer {
public:
  Printer(const MFunction &m, const Allocation *a, PrintInst print_inst) : m_(m), a_(a), print_inst_(print_inst) {}

  std::string run() {
    header();
    for (MBlock b : base::ids(m_.blocks))
      block(b);
    return std::move(out_);
  }

private:
  void header() {
    for (u32 s = 0; s < m_.slots.size(); ++s)
      append(out_, "home{}: {} bytes{}\n", s, m_.slots[s].size, m_.slots[s].is_ref ? ", ref" : "");
    for (u32 r = 0; r < m_.regions.size(); ++r) {
      append(out_, "region{}", r);
      if (m_.regions[r].parent != ~0u)
        append(out_, " in region{}", m_.regions[r].parent);
      append(out_, ":");
      for (MBlock pad : m_.regions[r].pads)
        append(out_, " b{}", base::index_of(pad));
      out_ += '\n';
    }
    for (u32 s = 0; a_ != nullptr && s < a_->spill_slots.size(); ++s)
      append(out_, "slot{}: {} bytes{}\n", s, a_->spill_slots[s].size, a_->spill_slots[s].is_ref ? ", ref" : "");
  }

  void block(MBlock b) {
    const MBlockRow &row = m_.blocks[b];
    append(out_, "b{}", base::index_of(b));
    const char *separator = " (";
    for (VReg p : row.params) {
      append(out_, "{}v{}:{}", separator, base::index_of(p), name(m_.vregs[p].kind));
      separator = ", ";
    }
    append(out_, "{}:{}{}", row.params.empty() ? "" : ")", row.is_pad ? " pad" : "", row.is_cold ? " cold" : "");
    if (row.loop_depth > 0)
      append(out_, " depth {}", row.loop_depth);
    for (MBlock pred : row.preds)
      append(out_, " <b{}", base::index_of(pred));
    out_ += '\n';
    for (u32 i = row.first_inst; i < row.first_inst + row.inst_count; ++i)
      instruction(i);
    for (const MBlockRow::Edge &edge : row.succs)
      this->edge(edge);
  }

  void instruction(u32 i) {
    for (; a_ != nullptr && edit_ < a_->edits.size() && a_->edits[edit_].inst <= i; ++edit_)
      edit(a_->edits[edit_]);
    append(out_, "  {:4}  ", i);
    print_inst_(m_, i, a_, out_);
    if (m_.insts[i].region != ~0u)
      append(out_, " region{}", m_.insts[i].region);
    out_ += '\n';
    while (a_ != nullptr && row_ < a_->safepoints.size() && a_->safepoints[row_].inst < i)
      ++row_;
    if (a_ == nullptr || row_ == a_->safepoints.size() || a_->safepoints[row_].inst != i)
      return;
    out_ += "        roots";
    base::PoolRange slots = a_->safepoints[row_].slots;
    for (u32 k = 0; k < slots.count; ++k)
      append(out_, " slot{}", a_->safepoint_slots[slots.first + k]);
    out_ += '\n';
  }

  void edit(const Edit &e) {
    if (e.remat == ~0u) {
      append(out_, "        {} -> {} {}\n", to_string(e.from), to_string(e.to), name(e.kind));
      return;
    }
    append(out_, "        again {} -> {} {}\n", e.remat, to_string(e.to), name(e.kind));
  }

  void edge(const MBlockRow::Edge &edge) {
    append(out_, "        -> b{}", base::index_of(edge.target));
    const char *separator = " (";
    for (u32 k = 0; k < edge.args.count; ++k) {
      append(out_, "{}v{}", separator, base::index_of(m_.edge_args[edge.args.first + k]));
      separator = ", ";
    }
    append(out_, "{}\n", edge.args.count == 0 ? "" : ")");
  }

  const MFunction &m_;
  const Allocation *a_;
  PrintInst print_inst_;
  std::string out_;
  usize edit_ = 0, row_ = 0;
};

} // namespace

std::string print(const MFunction &m, const Allocation *a, PrintInst print_inst) {
  return Printer(m, a, print_inst).run();
}

void print_generic(const MFunction &m, u32 inst, const Allocation *a, std::string &out) {
  const MInst &row = m.insts[inst];
  append(out, "op{}{}{}{}{}", row.op, (row.flags & is_call) != 0 ? " call" : "",
         (row.flags & is_terminator) != 0 ? " end" : "", (row.flags & is_move) != 0 ? " move" : "",
         (row.flags & is_remat) != 0 ? " remat" : "");
  if (row.clobbers != 0)
    append(out, " clobbers {:x}", m.clobber_sets[row.clobbers]);
  std::span<const Operand> operands = m.operands_of(row);
  for (u32 k = 0; k < operands.size(); ++k) {
    const Operand &o = operands[k];
    append(out, "{} {}v{}", k == 0 ? "" : ",", o.role == Role::Def ? "def " : "", base::index_of(o.vreg));
    if (a != nullptr)
      append(out, "={}", to_string(a->operands[row.first_operand + k]));
    if ((o.point == Point::Late) != (o.role == Role::Def))
      out += o.point == Point::Late ? " late" : " early";
    if (o.constraint == Constraint::Fixed)
      append(out, " in {}", to_string(Place::reg(o.fixed())));
    if (o.constraint == Constraint::Reuse)
      append(out, " reuse {}", o.fixed_or_reuse);
    if (o.constraint == Constraint::Any)
      out += " any";
  }
}

std::string to_string(Place place) {
  if (place.is_reg())
    return fmt::format("{}{}", class_of(place.preg()) == RegClass::Int ? 'r' : 'f', hw(place.preg()));
  return place.is_slot() ? fmt::format("slot{}", place.index) : "-";
}

const char *name(VKind kind) {
  static constexpr const char *names[] = {"i32", "i64", "f32", "f64", "v128", "ref"};
  return names[static_cast<u8>(kind)];
}

} // namespace trapeze::codegen
