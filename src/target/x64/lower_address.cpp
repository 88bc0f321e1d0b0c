// What is folded into operands: addresses, loads, constants from the pool.
//
//   base + extend_u(index) + offset          [base + index + offset]
//   (x + 8) + (y << 3)                       [x + y*8 + 8]
//   instance + offset                        [r13 + offset]
//
// Addition wraps at 64 bits on both sides, so any regrouping of terms is exact. Nodes with other users are
// looked through only where that costs nothing (a constant, a name of something else).
#include "target/x64/encode.hh"
#include "target/x64/lower.hh"

#include "base/assert.hh"

namespace trapeze::x64 {

bool Lowering::can_sink(Value v, u32 bytes) const {
  const InstRow &r = row(v);
  const ValueInfo &info = info_[v];
  if (r.op != ir::Op::Load || !may_sink_ || info.uses != 1 || !base::is_none(info.vreg) || info.is_sunk)
    return false;
  ir::Access access = ir::Access::unpack(r.aux);
  if (1u << access.size_log2 != bytes || base::is_none(root_))
    return false;
  if (access.can_trap && access.trap != abi::TrapCode::MemoryOutOfBounds)
    return false; // two traps of different kinds keep their order
  if (fn_->links[v].block != fn_->links[root_].block)
    return false;
  return info.epoch == info_[root_].epoch || (access.alias == ir::Alias::Fixed && !access.can_trap);
}

RmOperand Lowering::sink(Value v) {
  const InstRow &r = row(v);
  info_[v].is_sunk = true;
  RmOperand m = address(r.arg(0), r.c);
  ir::Access access = ir::Access::unpack(r.aux);
  m.faults = access.can_trap;
  m.trap = access.trap;
  return m;
}

RmOperand Lowering::rm(Value v) {
  const InstRow &r = row(v);
  u32 bytes = ir::size_of(r.type);
  if (r.op == ir::Op::Load && can_sink(v, bytes))
    return sink(v);
  if (r.op == ir::Op::Const && ir::is_float_class(r.type))
    return {.mode = Mode::Pool, .pool = bytes == 4 ? static_cast<u32>(r.bits()) : r.bits()};
  return rm_reg(reg(v));
}

/// Takes constants off a sum as long as all of them fit the displacement.
Value Lowering::strip_consts(Value v, i64 &disp) const {
  for (;;) {
    const InstRow &r = row(v);
    if (r.op != ir::Op::Add || !is_const(r.arg(1)))
      return v;
    i64 c = const_value(r.arg(1));
    if (!fits_signed(c, 32) || !fits_signed(disp + c, 32))
      return v;
    disp += c;
    v = r.arg(0);
  }
}

bool Lowering::is_scaled(Value v) const {
  const InstRow &r = row(v);
  return r.op == ir::Op::Shl && is_const(r.arg(1)) && const_value(r.arg(1)) >= 1 && const_value(r.arg(1)) <= 3;
}

/// Whether looking through this addition keeps no more values alive than its result would.
bool Lowering::is_free_add(Value v) const {
  const InstRow &r = row(v);
  if (r.op != ir::Op::Add)
    return false;
  if (info_[v].uses == 1)
    return true;
  for (u32 k = 0; k < 2; ++k) {
    const InstRow &x = row(r.arg(k));
    if (x.op == ir::Op::Instance)
      return true;
    // A base that never changes is live all over anyway.
    if (x.op == ir::Op::Load && ir::Access::unpack(x.aux).alias == ir::Alias::Fixed)
      return true;
  }
  return false;
}

/// The address operand for a sum of one or two terms.
RmOperand Lowering::decompose(std::span<const Value> terms, i64 disp) {
  RmOperand m{.mode = Mode::Base, .disp = static_cast<i32>(disp)};
  Value base = terms[0], index = terms.size() == 2 ? terms[1] : ir::no_inst;
  auto is_instance = [&](Value v) { return !base::is_none(v) && row(v).op == ir::Op::Instance; };
  if (is_instance(index) || (!base::is_none(index) && is_scaled(base) && !is_scaled(index)))
    std::swap(base, index);
  auto take_index = [&](Value v, VReg &slot) {
    if (is_scaled(v)) {
      m.scale_log2 = static_cast<u8>(const_value(row(v).arg(1)));
      v = row(v).arg(0);
    }
    slot = reg(v);
  };
  if (is_instance(base)) {
    m.mode = base::is_none(index) ? Mode::Inst : Mode::InstIndex;
    if (!base::is_none(index))
      take_index(index, m.a);
    return m;
  }
  if (base::is_none(index)) {
    if (is_scaled(base) && info_[base].uses == 1) {
      m.mode = Mode::Index;
      take_index(base, m.a);
    } else {
      m.a = reg(base);
    }
    return m;
  }
  m.mode = Mode::BaseIndex;
  m.a = reg(base);
  take_index(index, m.b);
  return m;
}

/// `v + offset` as an operand, looking through additions of its own type.
RmOperand Lowering::address(Value v, u32 offset) {
  i64 disp = offset;
  Value terms[2] = {strip_consts(v, disp), ir::no_inst};
  if (!is_free_add(terms[0]))
    return decompose({terms, 1}, disp);
  const InstRow &r = row(terms[0]);
  if (is_const(r.arg(1))) // one that does not fit
    return decompose({terms, 1}, disp);
  Value x = strip_consts(r.arg(0), disp);
  Value y = strip_consts(r.arg(1), disp);
  terms[0] = x, terms[1] = y;
  return decompose(terms, disp);
}

/// The addition itself as an address (for lea), whoever else uses it; a constant operand fits 32 bits.
RmOperand Lowering::sum(Value v) {
  i64 disp = 0;
  Value root = v;
  if (is_const(row(v).arg(1))) {
    disp = const_value(row(v).arg(1));
    root = strip_consts(row(v).arg(0), disp);
    if (!is_free_add(root) || is_const(row(root).arg(1)))
      return decompose({&root, 1}, disp);
  }
  Value x = strip_consts(row(root).arg(0), disp);
  Value y = strip_consts(row(root).arg(1), disp);
  Value terms[2] = {x, y};
  return decompose(terms, disp);
}

VReg Lowering::load_field(i32 offset) {
  VReg v = fresh(VKind::I64);
  make(Op::MovLoad, Width::W64).flags(codegen::is_remat).rm(field(offset)).def(v);
  return v;
}

} // namespace trapeze::x64
