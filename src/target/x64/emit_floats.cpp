// Float sequences: minimum and maximum, conversions. The rare side of each stands behind the function.
//
// cvtt gives the smallest integer for NaN and whatever does not fit, so one compare finds the rare cases.
#include "target/x64/emit.hh"

#include "base/assert.hh"

namespace trapeze::x64 {

namespace {

Op truncating(Width w) { return w == Width::W32 ? Op::Cvttss2si : Op::Cvttsd2si; }
Op converting(Width w) { return w == Width::W32 ? Op::Cvtsi2ss : Op::Cvtsi2sd; }
u64 two_to_63(Width w) { return w == Width::W32 ? 0x5f000000 : 0x43e0000000000000; }

struct TruncShape {
  bool is_unsigned, saturates;
  Width to;
};

TruncShape shape(Op op) {
  u32 k = static_cast<u32>(op) - static_cast<u32>(Op::TruncS32);
  return {(k & 2) != 0, k >= 4, (k & 1) != 0 ? Width::W64 : Width::W32};
}

/// The greatest float that is too small for a signed truncation, or the least that is not (`is_exact`).
struct LowerBound {
  u64 bits;
  bool is_exact;
};

LowerBound lower_bound(Width from, Width to) {
  if (to == Width::W64)
    return {from == Width::W32 ? u64{0xdf000000} : 0xc3e0000000000000, true}; // -2^63
  if (from == Width::W32)
    return {0xcf000000, true};        // -2^31
  return {0xc1e0000000200000, false}; // -2^31 - 1
}

} // namespace

void Emitter::do_float_select(const MInst &i) {
  u8 to = def(i), yes = reg(i, 1);
  Cond cc = cond(i);
  Label skip = buffer_.label(), take = buffer_.label();
  if (cc == Cond::FloatEq) {
    jump_if(Cond::Ne, skip);
    jump_if(Cond::P, skip);
  } else if (cc == Cond::FloatNe) {
    jump_if(Cond::P, take);
    jump_if(Cond::E, skip);
  } else {
    jump_if(inverse(cc), skip);
  }
  buffer_.bind(take);
  rr(Op::FloatMove, Width::W32, to, yes);
  buffer_.bind(skip);
}

///   ucomis a, b
///   jne different
///   jp  nan
///   orp a, b        ; equal: only zeros differ, -0 wins (max: andp)
///   jmp done
/// nan:
///   adds a, b       ; quiets and propagates
///   jmp done
/// different:
///   mins a, b
/// done:
void Emitter::do_min_max(const MInst &i) {
  bool is_min = op_of(i) == Op::Fmin;
  Width w = width_of(i);
  u8 a = def(i), b = reg(i, 1);
  Label nan = buffer_.label(), different = buffer_.label(), done = buffer_.label();
  rr(Op::Ucomis, w, a, b);
  jump_if(Cond::Ne, different);
  jump_if(Cond::P, nan);
  rr(is_min ? Op::Orp : Op::Andp, Width::W32, a, b);
  jump(done);
  buffer_.bind(nan);
  rr(Op::Adds, w, a, b);
  jump(done);
  buffer_.bind(different);
  rr(is_min ? Op::Mins : Op::Maxs, w, a, b);
  buffer_.bind(done);
}

void Emitter::do_convert(const MInst &i) {
  u8 to = def(i);
  rr(Op::Xorp, Width::W32, to, to); // cvtsi2s keeps the rest of the register: no waiting for it
  put(converting(width_of(i)), op_of(i) == Op::ConvertS32 ? Width::W32 : Width::W64, to, {rm(i, 0)});
}

void Emitter::do_convert_u64(const MInst &i) {
  u8 to = def(i), x = reg(i, 0);
  Label back = buffer_.label();
  rr(Op::Test, Width::W64, x, x);
  jump_if(Cond::S, cold_label(back));
  rr(Op::Xorp, Width::W32, to, to);
  put(converting(width_of(i)), Width::W64, to, {Rm::of(x)});
  buffer_.bind(back);
}

/// Half of it, the lost bit kept sticky for rounding, twice.
void Emitter::cold_convert_u64(const MInst &i) {
  u8 to = def(i), x = reg(i, 0);
  Width w = width_of(i);
  Label even = buffer_.label();
  rr(Op::MovLoad, Width::W64, scratch, x);
  rm_only(Op::ShrImm, Width::W64, scratch, 1);
  jump_if(Cond::Ae, even);
  rm_only(Op::OrImm, Width::W64, scratch, 1);
  buffer_.bind(even);
  rr(Op::Xorp, Width::W32, to, to);
  rr(converting(w), Width::W64, to, scratch);
  rr(Op::Adds, w, to, to);
  jump(cold_back_);
}

void Emitter::do_trunc(const MInst &i) {
  TruncShape s = shape(op_of(i));
  u8 to = def(i), x = reg(i, 0);
  Label back = buffer_.label();
  if (!s.is_unsigned) {
    rr(truncating(width_of(i)), s.to, to, x);
    rm_only(Op::CmpImm, s.to, to, 1); // overflows only from the smallest
    jump_if(Cond::O, cold_label(back));
  } else if (s.to == Width::W32) {
    rr(truncating(width_of(i)), Width::W64, to, x);
    rr(Op::MovLoad, Width::W64, scratch, to);
    rm_only(Op::ShrImm, Width::W64, scratch, 32);
    jump_if(Cond::Ne, cold_label(back));
  } else {
    rr(truncating(width_of(i)), Width::W64, to, x);
    rr(Op::Test, Width::W64, to, to);
    jump_if(Cond::S, cold_label(back));
  }
  buffer_.bind(back);
}

void Emitter::cold_trunc(const MInst &i) {
  TruncShape s = shape(op_of(i));
  u8 to = def(i), x = reg(i, 0);
  Width w = width_of(i);
  if (s.is_unsigned && s.to == Width::W64) {
    // From 2^63 on: truncate the rest and set the bit. What is out of range stays negative.
    Label bad = buffer_.label();
    rr(Op::FloatMove, Width::W32, float_scratch, x);
    put(Op::Subs, w, float_scratch, pool(two_to_63(w), bytes_of(w)));
    rr(truncating(w), Width::W64, to, float_scratch);
    rr(Op::Test, Width::W64, to, to);
    jump_if(Cond::S, bad);
    rm_only(Op::BtcImm, Width::W64, to, 63);
    jump(cold_back_);
    buffer_.bind(bad);
  }
  if (s.saturates)
    return cold_saturate(i);
  Label overflow = trap_label(abi::TrapCode::IntegerOverflow, i.source);
  rr(Op::Ucomis, w, x, x);
  jump_if(Cond::P, trap_label(abi::TrapCode::InvalidConversion, i.source));
  if (!s.is_unsigned) {
    LowerBound bound = lower_bound(w, s.to);
    put(Op::Ucomis, w, x, pool(bound.bits, bytes_of(w)));
    jump_if(bound.is_exact ? Cond::B : Cond::Be, overflow);
    rr(Op::Xorp, Width::W32, float_scratch, float_scratch);
    rr(Op::Ucomis, w, x, float_scratch);
    jump_if(Cond::B, cold_back_); // negative and not too small: the smallest integer is right
  }
  jump(overflow);
}

/// NaN gives 0, else the nearest end of the range.
void Emitter::cold_saturate(const MInst &i) {
  TruncShape s = shape(op_of(i));
  u8 to = def(i), x = reg(i, 0);
  Width w = width_of(i);
  rr(Op::Xorp, Width::W32, float_scratch, float_scratch);
  rr(Op::Ucomis, w, x, float_scratch);
  if (s.is_unsigned) {
    rm_only(Op::MovImm, Width::W32, to, 0);
    jump_if(Cond::Be, cold_back_); // unordered too
    load_constant(to, s.to, s.to == Width::W64 ? ~u64{0} : 0xffffffff, false);
  } else {
    Label ordered = buffer_.label();
    jump_if(Cond::Np, ordered);
    rr(Op::Xor, Width::W32, to, to);
    jump(cold_back_);
    buffer_.bind(ordered);
    jump_if(Cond::Be, cold_back_); // the smallest stands there already
    load_constant(to, s.to, s.to == Width::W64 ? 0x7fffffffffffffff : 0x7fffffff, false);
  }
  jump(cold_back_);
}

} // namespace trapeze::x64
