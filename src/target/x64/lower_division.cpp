// Division: by constants as multiplication by a reciprocal, else the hardware's with its checks in the emitter.
//
// Granlund and Montgomery, Division by Invariant Integers using Multiplication (1994). For 0 < c, l = ceil(log2 c)
// and N bits, m = floor(2^(N+l) / c) + 1 gives floor(x / c) = floor(m * x / 2^(N+l)) for all unsigned x; m has N + 1
// bits. A smaller exponent may do with N bits; 32-bit operands fit a 64-bit product either way.
// Signed: m = floor(2^(N-1+l) / |c|) + 1 has N bits; the quotient is floor(m * x / 2^(N-1+l)) + (x < 0), negated for c
// < 0.
//
//   x / 10, 32 bits:  mov  x, x          x / 7:  imul p, x, 0x24924925
//                     imul p, 0xcccccccd         shr  p, 32
//                     shr  p, 35                 lea  p, [p + x]
//                                                shr  p, 3
#include "target/x64/encode.hh"
#include "target/x64/lower.hh"

#include <bit>

namespace trapeze::x64 {

namespace {

__extension__ typedef unsigned __int128 u128;

u32 ceil_log2(u64 c) { return 64 - static_cast<u32>(std::countl_zero(c - 1)); }

struct Reciprocal {
  u64 multiplier; ///< its low N bits
  bool has_top;   ///< bit N is set too
  u32 shift;      ///< behind the high half
};

/// For x < 2^bits; c is neither 0, 1 nor a power of two.
Reciprocal unsigned_reciprocal(u64 c, u32 bits) {
  u32 log = ceil_log2(c);
  for (u32 shift = 0; shift < log; ++shift) { // the smallest exponent whose error is small enough
    u128 power = u128{1} << (bits + shift);
    u128 m = (power + c - 1) / c;
    if (m >> bits == 0 && m * c - power <= u128{1} << shift)
      return {static_cast<u64>(m), false, shift};
  }
  // 2^(bits + log) may be 2^128: one less divides alike, as c is no power of two.
  u128 power_less_one = bits + log == 128 ? ~u128{0} : (u128{1} << (bits + log)) - 1;
  u128 m = power_less_one / c + 1;
  return {static_cast<u64>(m - (u128{1} << bits)), true, log};
}

Reciprocal signed_reciprocal(u64 c, u32 bits) {
  u32 log = ceil_log2(c);
  u128 m = (u128{1} << (bits - 1 + log)) / c + 1;
  return {static_cast<u64>(m), false, log - 1};
}

} // namespace

VReg Lowering::wide_constant(u64 value) {
  VReg v = fresh(VKind::I64);
  make(Op::Const, Width::W64).imm(value).flags(codegen::is_remat).def(v);
  return v;
}

VReg Lowering::shifted(Op op, VReg x, u32 count, VReg to) {
  VReg v = base::is_none(to) ? fresh(VKind::I64) : to;
  make(op, Width::W64).use(x).def_reuse(v, 0).imm(count);
  return v;
}

VReg Lowering::multiplied(VReg x, u64 factor) {
  VReg v = fresh(VKind::I64);
  if (fits_signed(static_cast<i64>(factor), 32)) {
    make(Op::ImulImm, Width::W64).rm(rm_reg(x)).def(v).imm(factor);
  } else {
    VReg f = wide_constant(factor);
    make(Op::Imul, Width::W64).use(f).rm(rm_reg(x)).def_reuse(v, 0);
  }
  return v;
}

/// High half of x * factor.
VReg Lowering::multiplied_high(Op op, VReg x, u64 factor) {
  VReg f = wide_constant(factor), low = fresh(VKind::I64), high = fresh(VKind::I64);
  make(op, Width::W64)
      .use_fixed(f, int_reg(rax))
      .use_late(x)
      .def_fixed(low, int_reg(rax))
      .def_fixed(high, int_reg(rdx));
  return high;
}

VReg Lowering::added(VReg x, VReg y, VReg to) {
  VReg v = base::is_none(to) ? fresh(VKind::I64) : to;
  make(Op::Lea, kind(v) == VKind::I64 ? Width::W64 : Width::W32).rm({.mode = Mode::BaseIndex, .a = x, .b = y}).def(v);
  return v;
}

/// x is clean.
VReg Lowering::quotient_u32(VReg x, u32 c, VReg to) {
  Reciprocal r = unsigned_reciprocal(c, 32);
  VReg product = multiplied(x, r.multiplier);
  if (!r.has_top)
    return shifted(Op::ShrImm, product, 32 + r.shift, to);
  VReg sum = added(shifted(Op::ShrImm, product, 32), x); // 33 bits
  return shifted(Op::ShrImm, sum, r.shift, to);
}

VReg Lowering::quotient_u64(VReg x, u64 c, VReg to) {
  Reciprocal r = unsigned_reciprocal(c, 64);
  VReg high = multiplied_high(Op::MulHighU, x, r.multiplier);
  if (!r.has_top)
    return shifted(Op::ShrImm, high, r.shift, to);
  // high + x has 65 bits: ((x - high) / 2 + high) is half of it.
  VReg difference = fresh(VKind::I64);
  make(Op::Sub, Width::W64).use(x).rm(rm_reg(high)).def_reuse(difference, 0);
  VReg half = added(shifted(Op::ShrImm, difference, 1), high);
  return shifted(Op::ShrImm, half, r.shift - 1, to);
}

/// x is sign-extended to 64 bits.
VReg Lowering::quotient_s32(VReg x, u32 c, VReg to) {
  Reciprocal r = signed_reciprocal(c, 32);
  VReg q = shifted(Op::SarImm, multiplied(x, r.multiplier), 32 + r.shift);
  return added(q, shifted(Op::ShrImm, x, 63), to);
}

VReg Lowering::quotient_s64(VReg x, u64 c, VReg to) {
  Reciprocal r = signed_reciprocal(c, 64);
  VReg high = multiplied_high(Op::MulHighS, x, r.multiplier);
  if (r.multiplier >> 63 != 0) // taken as negative: 2^64 * x is missing
    high = added(high, x);
  VReg q = r.shift == 0 ? high : shifted(Op::SarImm, high, r.shift);
  return added(q, shifted(Op::ShrImm, x, 63), to);
}

bool Lowering::divide_by_constant(Inst i, const InstRow &r, u32 op_number) {
  Op op = static_cast<Op>(op_number);
  if (!is_const(r.arg(1)))
    return false;
  bool is_signed = op == Op::DivS || op == Op::RemS, is_rem = op == Op::RemS || op == Op::RemU;
  bool is_wide = r.type == Type::I64;
  i64 c = const_value(r.arg(1));
  u64 size = is_signed && c < 0 ? 0 - static_cast<u64>(c) : static_cast<u64>(c);
  if (!is_wide)
    size &= 0xffffffff;
  if (size < 3 || std::has_single_bit(size))
    return false;
  Width w = x64::width_of(r.type);
  VReg x = reg(r.arg(0)), wide = x;
  if (!is_wide) {
    wide = fresh(VKind::I64);
    make(is_signed ? Op::Movsx32 : Op::MovLoad, is_signed ? Width::W64 : Width::W32).rm(rm_reg(x)).def(wide);
  }
  VReg to = is_rem || (is_signed && c < 0) ? no_vreg : result(i);
  VReg q = is_signed ? (is_wide ? quotient_s64(wide, size, to) : quotient_s32(wide, static_cast<u32>(size), to))
           : is_wide ? quotient_u64(wide, size, to)
                     : quotient_u32(wide, static_cast<u32>(size), to);
  if (!is_rem) {
    if (is_signed && c < 0)
      make(Op::Neg, w).use(q).def_reuse(result(i), 0);
    return true;
  }
  VReg whole = multiplied(q, size); // the remainder has the dividend's sign whatever the divisor's
  make(Op::Sub, w).use(wide).rm(rm_reg(whole)).def_reuse(result(i), 0);
  return true;
}

void Lowering::divide(Inst i, const InstRow &r, u32 op_number) {
  Op op = static_cast<Op>(op_number);
  if (divide_by_constant(i, r, op_number))
    return;
  Width w = x64::width_of(r.type);
  u64 known = 0; // what the emitter need not test: 1 zero, 2 overflow
  if (is_const(r.arg(1)))
    known = (const_value(r.arg(1)) != 0 ? 1u : 0u) | (const_value(r.arg(1)) != -1 ? 2u : 0u);
  if (is_const(r.arg(0)) && const_value(r.arg(0)) != (w == Width::W64 ? INT64_MIN : INT32_MIN))
    known |= 2;
  VReg a = reg(r.arg(0)), b = reg(r.arg(1));
  bool is_quotient = op == Op::DivS || op == Op::DivU;
  VReg other = fresh(kind_of(r.type));
  VReg quotient = is_quotient ? result(i) : other, remainder = is_quotient ? other : result(i);
  make(op, w)
      .use_fixed(a, int_reg(rax))
      .use_late(b)
      .def_fixed(quotient, int_reg(rax))
      .def_fixed(remainder, int_reg(rdx))
      .imm(known);
}

} // namespace trapeze::x64
