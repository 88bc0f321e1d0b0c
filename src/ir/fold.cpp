// Families: integer binary and unary, float binary and unary, conversions, compares. Each is one template
// over the width; `fold` at the end picks the family by the op's place in ops.def.
#include "ir/fold.hh"

#include "ir/conditions.hh"

#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>

namespace trapeze::ir {

using Folded = std::optional<u64>;

template <typename U> static Folded divide(Op op, U a, U b) {
  using S = std::make_signed_t<U>;
  if (b == 0)
    return {};
  const S sa = static_cast<S>(a), sb = static_cast<S>(b);
  if (op == Op::DivU)
    return a / b;
  if (op == Op::RemU)
    return a % b;
  if (sb == -1) {
    if (op == Op::RemS)
      return 0;
    return sa == std::numeric_limits<S>::min() ? Folded{} : Folded(static_cast<U>(U{0} - a));
  }
  return op == Op::DivS ? static_cast<U>(sa / sb) : static_cast<U>(sa % sb);
}

template <typename U> static Folded int_binary(Op op, U a, U b) {
  using S = std::make_signed_t<U>;
  constexpr u32 bits = sizeof(U) * 8;
  const u32 count = static_cast<u32>(b) & (bits - 1);
  switch (op) {
  case Op::Add:
    return static_cast<U>(a + b);
  case Op::Sub:
    return static_cast<U>(a - b);
  case Op::Mul:
    return static_cast<U>(a * b);
  case Op::And:
    return a & b;
  case Op::Or:
    return a | b;
  case Op::Xor:
    return a ^ b;
  case Op::Shl:
    return static_cast<U>(a << count);
  case Op::ShrU:
    return a >> count;
  case Op::ShrS:
    return static_cast<U>(static_cast<S>(a) >> count);
  case Op::Rotl:
    return std::rotl(a, static_cast<int>(count));
  case Op::Rotr:
    return std::rotr(a, static_cast<int>(count));
  case Op::DivS:
  case Op::DivU:
  case Op::RemS:
  case Op::RemU:
    return divide(op, a, b);
  default:
    return {};
  }
}

template <typename U> static Folded int_unary(Op op, U a) {
  switch (op) {
  case Op::Clz:
    return static_cast<u64>(std::countl_zero(a));
  case Op::Ctz:
    return static_cast<u64>(std::countr_zero(a));
  case Op::Popcnt:
    return static_cast<u64>(std::popcount(a));
  case Op::Extend8S:
    return static_cast<U>(static_cast<i8>(a));
  case Op::Extend16S:
    return static_cast<U>(static_cast<i16>(a));
  case Op::Extend32S:
    return static_cast<U>(static_cast<i32>(a));
  default:
    return {};
  }
}

/// Bits of a float, unless it is a NaN.
static Folded number(f32 x) { return std::isnan(x) ? Folded{} : Folded(std::bit_cast<u32>(x)); }
static Folded number(f64 x) { return std::isnan(x) ? Folded{} : Folded(std::bit_cast<u64>(x)); }

template <typename F> static Folded float_binary(Op op, F a, F b) {
  switch (op) {
  case Op::Fadd:
    return number(a + b);
  case Op::Fsub:
    return number(a - b);
  case Op::Fmul:
    return number(a * b);
  case Op::Fdiv:
    return number(a / b);
  case Op::Fmin:
  case Op::Fmax: {
    if (std::isnan(a) || std::isnan(b))
      return {};
    if (a == b) // of two zeros, min takes the negative one
      return number(std::signbit(a) == (op == Op::Fmin) ? a : b);
    return number((a < b) == (op == Op::Fmin) ? a : b);
  }
  default:
    return {};
  }
}

template <typename F> static Folded float_unary(Op op, F a) {
  switch (op) {
  case Op::Fceil:
    return number(std::ceil(a));
  case Op::Ffloor:
    return number(std::floor(a));
  case Op::Ftrunc:
    return number(std::trunc(a));
  case Op::Fnearest:
    return number(std::nearbyint(a)); // the default rounding mode: ties to even
  case Op::Fsqrt:
    return number(std::sqrt(a));
  default:
    return {};
  }
}

/// Sign operations work on bits, NaNs included. U is the float's integer.
template <typename U> static Folded sign_op(Op op, U a, U b) {
  constexpr U sign = U{1} << (sizeof(U) * 8 - 1);
  switch (op) {
  case Op::Fabs:
    return a & ~sign;
  case Op::Fneg:
    return a ^ sign;
  case Op::Fcopysign:
    return (a & ~sign) | (b & sign);
  default:
    return {};
  }
}

/// float -> int. In range means: the truncated value fits; the limits below are exact in the float type.
template <typename I, typename F> static Folded truncate(bool saturates, F x) {
  using U = std::make_unsigned_t<I>;
  if (std::isnan(x))
    return saturates ? Folded(0) : Folded{};
  const F t = std::trunc(x);
  const F below = std::is_signed_v<I> ? std::ldexp(F{-1}, static_cast<int>(sizeof(I) * 8 - 1)) : F{0};
  const F above = std::ldexp(F{1}, static_cast<int>(sizeof(I) * 8 - std::is_signed_v<I>));
  if (t >= below && t < above)
    return static_cast<U>(static_cast<I>(t));
  if (!saturates)
    return {};
  return static_cast<U>(t < below ? std::numeric_limits<I>::min() : std::numeric_limits<I>::max());
}

template <typename F> static Folded truncate_to(Op op, Type to, F x) {
  const bool saturates = op == Op::TruncSatS || op == Op::TruncSatU;
  if (op == Op::TruncS || op == Op::TruncSatS)
    return to == Type::I32 ? truncate<i32>(saturates, x) : truncate<i64>(saturates, x);
  return to == Type::I32 ? truncate<u32>(saturates, x) : truncate<u64>(saturates, x);
}

template <typename F> static Folded convert(Op op, Type from, u64 a) {
  if (from == Type::I32)
    return op == Op::ConvertS ? number(static_cast<F>(static_cast<i32>(a)))
                              : number(static_cast<F>(static_cast<u32>(a)));
  return op == Op::ConvertS ? number(static_cast<F>(static_cast<i64>(a))) : number(static_cast<F>(a));
}

static Folded conversion(const InstRow &row, Type from, u64 a) {
  switch (row.op) {
  case Op::Wrap:
    return static_cast<u32>(a);
  case Op::ExtendS:
    return static_cast<u64>(i64{static_cast<i32>(a)});
  case Op::ExtendU:
    return static_cast<u32>(a);
  case Op::TruncS:
  case Op::TruncU:
  case Op::TruncSatS:
  case Op::TruncSatU:
    return from == Type::F32 ? truncate_to(row.op, row.type, std::bit_cast<f32>(static_cast<u32>(a)))
                             : truncate_to(row.op, row.type, std::bit_cast<f64>(a));
  case Op::ConvertS:
  case Op::ConvertU:
    return row.type == Type::F32 ? convert<f32>(row.op, from, a) : convert<f64>(row.op, from, a);
  case Op::Demote:
    return number(static_cast<f32>(std::bit_cast<f64>(a)));
  case Op::Promote:
    return number(static_cast<f64>(std::bit_cast<f32>(static_cast<u32>(a))));
  case Op::Bitcast:
    return a;
  default:
    return {};
  }
}

template <typename I> static bool holds_for(Cond cond, I a, I b) {
  using S = std::make_signed_t<I>;
  const S sa = static_cast<S>(a), sb = static_cast<S>(b);
  switch (cond) {
  case Cond::Eq:
    return a == b;
  case Cond::Ne:
    return a != b;
  case Cond::LtS:
    return sa < sb;
  case Cond::LtU:
    return a < b;
  case Cond::GtS:
    return sa > sb;
  case Cond::GtU:
    return a > b;
  case Cond::LeS:
    return sa <= sb;
  case Cond::LeU:
    return a <= b;
  case Cond::GeS:
    return sa >= sb;
  case Cond::GeU:
    return a >= b;
  }
  return false;
}

bool holds(Cond cond, Type type, u64 a, u64 b) {
  return type == Type::I64 ? holds_for<u64>(cond, a, b)
                           : holds_for<u32>(cond, static_cast<u32>(a), static_cast<u32>(b));
}

template <typename F> static u64 compare(FloatCond cond, F a, F b) {
  switch (cond) {
  case FloatCond::Eq:
    return a == b;
  case FloatCond::Ne:
    return a != b;
  case FloatCond::Lt:
    return a < b;
  case FloatCond::Gt:
    return a > b;
  case FloatCond::Le:
    return a <= b;
  case FloatCond::Ge:
    return a >= b;
  }
  return 0;
}

static Folded on_floats(const InstRow &row, Type operand, u64 a, u64 b) {
  if (operand == Type::F32) {
    const u32 la = static_cast<u32>(a), lb = static_cast<u32>(b);
    const f32 x = std::bit_cast<f32>(la), y = std::bit_cast<f32>(lb);
    if (row.op == Op::Fcmp)
      return compare(static_cast<FloatCond>(row.aux), x, y);
    if (const Folded r = sign_op<u32>(row.op, la, lb))
      return r;
    const Folded r = float_binary(row.op, x, y);
    return r ? r : float_unary(row.op, x);
  }
  const f64 x = std::bit_cast<f64>(a), y = std::bit_cast<f64>(b);
  if (row.op == Op::Fcmp)
    return compare(static_cast<FloatCond>(row.aux), x, y);
  if (const Folded r = sign_op<u64>(row.op, a, b))
    return r;
  const Folded r = float_binary(row.op, x, y);
  return r ? r : float_unary(row.op, x);
}

static Folded on_integers(Op op, Type type, u64 a, u64 b) {
  if (op >= Op::Clz && op <= Op::Popcnt)
    return type == Type::I32 ? int_unary(op, static_cast<u32>(a)) : int_unary(op, a);
  return type == Type::I32 ? int_binary(op, static_cast<u32>(a), static_cast<u32>(b)) : int_binary(op, a, b);
}

std::optional<u64> fold(const InstRow &row, Type operand, u64 a, u64 b, u64 c) {
  if (row.op == Op::Select)
    return static_cast<u32>(a) != 0 ? b : c;
  if (row.op == Op::Icmp)
    return holds(static_cast<Cond>(row.aux), operand, a, b);
  if (row.op >= Op::Add && row.op <= Op::Popcnt)
    return on_integers(row.op, row.type, a, b);
  if (row.op >= Op::Extend8S && row.op <= Op::Extend32S)
    return row.type == Type::I32 ? int_unary(row.op, static_cast<u32>(a)) : int_unary(row.op, a);
  if (row.op >= Op::Wrap && row.op <= Op::Bitcast)
    return conversion(row, operand, a);
  if (row.op >= Op::Fadd && row.op <= Op::Fcmp)
    return on_floats(row, operand, a, b);
  return {};
}

} // namespace trapeze::ir
