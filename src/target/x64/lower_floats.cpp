// Floats. Fmin, fmax, conversions that trap or saturate and unsigned 64-bit ones are sequences of the emitter;
// the rest is single rows. Masks come from the constant pool as 16-byte operands.
#include "target/x64/lower.hh"

#include "base/assert.hh"

namespace trapeze::x64 {

static u64 sign_mask(Width w) { return w == Width::W32 ? 0x8000000080000000 : 0x8000000000000000; }

void Lowering::float_binary(Inst i, const InstRow &r, u32 op) {
  bool commutes = r.op == ir::Op::Fadd || r.op == ir::Op::Fmul;
  Value a = r.arg(0), b = r.arg(1);
  if (commutes && is_const(a) && !is_const(b))
    std::swap(a, b);
  two_address(i, static_cast<Op>(op), a, b, x64::width_of(r.type), commutes);
}

void Lowering::float_min_max(Inst i, const InstRow &r, u32 op) {
  VReg a = reg(r.arg(0)), b = reg(r.arg(1));
  make(static_cast<Op>(op), x64::width_of(r.type)).use(a).use(b).def_reuse(result(i), 0);
}

void Lowering::float_sign(Inst i, const InstRow &r, u32 op) {
  Width w = x64::width_of(r.type);
  u64 mask = static_cast<Op>(op) == Op::Andp ? ~sign_mask(w) : sign_mask(w);
  VReg x = reg(r.arg(0));
  make(static_cast<Op>(op), w).use(x).rm({.mode = Mode::Pool, .pool = mask}).def_reuse(result(i), 0);
}

void Lowering::copysign(Inst i, const InstRow &r, u32) {
  Width w = x64::width_of(r.type);
  VKind kind = kind_of(r.type);
  VReg magnitude = fresh(kind), sign = fresh(kind);
  VReg a = reg(r.arg(0)), b = reg(r.arg(1));
  make(Op::Andp, w).use(b).rm({.mode = Mode::Pool, .pool = sign_mask(w)}).def_reuse(sign, 0);
  make(Op::Andp, w).use(a).rm({.mode = Mode::Pool, .pool = ~sign_mask(w)}).def_reuse(magnitude, 0);
  make(Op::Orp, w).use(magnitude).use(sign).def_reuse(result(i), 0);
}

void Lowering::round(Inst i, const InstRow &r, u32 mode) {
  Op op = r.type == Type::F32 ? Op::RoundSs : Op::RoundSd;
  VReg x = reg(r.arg(0));
  make(op, x64::width_of(r.type)).rm(rm_reg(x)).def(result(i)).imm(mode);
}

void Lowering::sqrt(Inst i, const InstRow &r, u32) {
  RmOperand m = rm(r.arg(0));
  make(Op::Sqrts, x64::width_of(r.type)).rm(m).def(result(i));
}

void Lowering::truncate(Inst i, const InstRow &r, u32 op_number) {
  ir::Op op = static_cast<ir::Op>(op_number);
  bool is_signed = op == ir::Op::TruncS || op == ir::Op::TruncSatS;
  bool saturates = op == ir::Op::TruncSatS || op == ir::Op::TruncSatU;
  // Rows stand as S32, S64, U32, U64, first trapping, then saturating.
  u32 k = (saturates ? 4 : 0) + (is_signed ? 0 : 2) + (r.type == Type::I64 ? 1 : 0);
  VReg x = reg(r.arg(0));
  make(static_cast<Op>(static_cast<u32>(Op::TruncS32) + k), x64::width_of(fn_->type(r.arg(0)))).use(x).def(result(i));
}

void Lowering::convert(Inst i, const InstRow &r, u32 is_signed) {
  Value a = r.arg(0);
  bool is_wide = fn_->type(a) == Type::I64;
  // An unsigned 32-bit number is a clean signed 64-bit one.
  Op op = is_signed ? (is_wide ? Op::ConvertS64 : Op::ConvertS32) : is_wide ? Op::ConvertU64 : Op::ConvertS64;
  VReg x = reg(a);
  make(op, x64::width_of(r.type)).use(x).def(result(i));
}

void Lowering::change_size(Inst i, const InstRow &r, u32) {
  RmOperand m = rm(r.arg(0));
  if (r.op == ir::Op::Promote)
    make(Op::Cvtss2sd, Width::W32).rm(m).def(result(i));
  else
    make(Op::Cvtsd2ss, Width::W64).rm(m).def(result(i));
}

void Lowering::bitcast(Inst i, const InstRow &r, u32) {
  Width w = x64::width_of(r.type);
  bool from_float = ir::is_float_class(fn_->type(r.arg(0)));
  Op op = from_float ? (w == Width::W32 ? Op::MovdFrom : Op::MovqFrom) : w == Width::W32 ? Op::MovdTo : Op::MovqTo;
  VReg x = reg(r.arg(0));
  make(op, w).use(x).def(result(i));
}

} // namespace trapeze::x64
