// Edits that move a value to where it already is.
//
// Problem: the passes before think in places of pieces; an argument that was copied to a callee-saved register and is
// handed on to a callee at once is still in its own register too, and a slot just loaded is loaded again.
// Idea: within each block, number what registers and slots hold: equal numbers, equal contents. An edit whose target
// has its source's number is dropped; a load whose value some register still holds becomes a move.
// Calls: a reference in a register counts for nothing behind a call, as everywhere in the allocator.
#include "codegen/regalloc/passes.hh"

#include <algorithm>

namespace trapeze::codegen {
namespace {

constexpr u32 register_count = 64;

class Numbers {
public:
  Numbers(const MFunction &m, const RegisterFile &file, Workspace &ws, Allocation &a)
      : m_(m), ws_(ws), a_(a), scratch_(bit(file.int_scratch) | bit(file.float_scratch)) {
    ws_.numbers.assign(register_count + a.spill_slots.size(), 0);
    ws_.remat_numbers.assign(m.insts.size(), 0);
    for (std::span<const PReg> order : {file.int_order, file.float_order})
      for (PReg r : order)
        registers_ |= bit(r);
  }

  void run() {
    usize next_edit = 0, kept = 0;
    for (const MBlockRow &block : m_.blocks) {
      base_ = next_;
      for (u32 i = block.first_inst; i < block.first_inst + block.inst_count; ++i) {
        for (; next_edit < a_.edits.size() && a_.edits[next_edit].inst == i; ++next_edit)
          if (Edit e = a_.edits[next_edit]; edit(e))
            a_.edits[kept++] = e;
        instruction(m_.insts[i]);
      }
    }
    a_.edits.resize(kept);
  }

private:
  u32 &number(Place p) { return ws_.numbers[p.is_reg() ? p.index : register_count + p.index]; }
  u32 known(u32 &number) {
    if (number < base_)
      number = next_++;
    return number;
  }
  void note(Place p, u32 value, VKind kind) {
    number(p) = value;
    if (p.is_reg())
      refs_ = kind == VKind::Ref ? refs_ | bit(p.preg()) : refs_ & ~bit(p.preg());
  }

  /// Whether the edit is still wanted.
  bool edit(Edit &e) {
    u32 value = known(e.remat != ~0u ? ws_.remat_numbers[e.remat] : number(e.from));
    if (number(e.to) == value)
      return false;
    if (e.remat == ~0u && e.from.is_slot())
      if (PReg r = holder(value, class_of(e.kind)); r != no_preg)
        e.from = Place::reg(r);
    if (e.from.is_slot() && e.to.is_slot())
      lose(scratch_); // it goes through one of them
    note(e.to, value, e.kind);
    return true;
  }

  void lose(RegSet set) {
    for (; set != 0; set &= set - 1)
      ws_.numbers[static_cast<u32>(__builtin_ctzll(set))] = 0;
  }

  PReg holder(u32 value, RegClass cls) const {
    for (RegSet set = registers_ & (cls == RegClass::Int ? 0xffff'ffffu : ~u64{0xffff'ffffu}); set != 0; set &= set - 1)
      if (ws_.numbers[static_cast<u32>(__builtin_ctzll(set))] == value)
        return static_cast<PReg>(__builtin_ctzll(set));
    return no_preg;
  }

  void instruction(const MInst &inst) {
    lose(m_.clobber_sets[inst.clobbers] | ((inst.flags & is_call) != 0 ? refs_ : 0) | scratch_);
    std::span<const Operand> operands = m_.operands_of(inst);
    for (u32 k = 0; k < operands.size(); ++k)
      if (Place p = a_.operands[inst.first_operand + k]; operands[k].role == Role::Def && p.is_reg())
        note(p, next_++, m_.vregs[operands[k].vreg].kind);
  }

  const MFunction &m_;
  Workspace &ws_;
  Allocation &a_;
  const RegSet scratch_;            ///< the emitter's too: they hold nothing from one instruction to the next
  RegSet registers_ = 0, refs_ = 0; ///< allocatable; last written with a reference
  u32 base_ = 1, next_ = 1;         ///< numbers below base_ are of other blocks
};

} // namespace

void drop_redundant_edits(const MFunction &m, const RegisterFile &registers, Workspace &ws, Allocation &out) {
  Numbers(m, registers, ws, out).run();
}

} // namespace trapeze::codegen
