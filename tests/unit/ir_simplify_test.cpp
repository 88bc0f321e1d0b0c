// Folding and simplification: random expressions are built twice. Once through the builder over parameters, where rules
// apply, then evaluated for many arguments; once by evaluating each raw op on the arguments. Both must agree,
// traps included (a trap is "no value").
#include "ir/builder.hh"
#include "ir/fold.hh"
#include "ir/print.hh"

#include <doctest/doctest.h>
#include <optional>
#include <random>

using namespace trapeze;
using namespace trapeze::ir;

namespace {

struct Node {
  InstRow row; ///< a, b, c: indices of nodes
  bool is_param = false;
  u64 bits = 0; ///< constants
};

const u64 interesting[] = {0,
                           1,
                           2,
                           3,
                           4,
                           7,
                           8,
                           16,
                           0x7f,
                           0x80,
                           0xff,
                           0x7fff,
                           0x8000,
                           0xffff,
                           31,
                           32,
                           0x7fffffff,
                           0x80000000,
                           0xffffffff,
                           0xfffffffe,
                           0x8000000000000000,
                           63,
                           64,
                           0x7fffffffffffffff,
                           0xffffffffffffffff,
                           0xfffffffffffffff8};

class Random {
public:
  explicit Random(u32 seed) : engine_(seed) {}
  u32 below(u32 n) { return static_cast<u32>(engine_() % n); }
  u64 integer(Type t) {
    const u64 v = below(3) == 0 ? engine_() : interesting[below(std::size(interesting))];
    return t == Type::I32 ? v & 0xffffffff : v;
  }

private:
  std::mt19937_64 engine_;
};

const Op binaries[] = {Op::Add,  Op::Sub,  Op::Mul,  Op::And,  Op::Or,   Op::Xor,  Op::Shl, Op::ShrS,
                       Op::ShrU, Op::Rotl, Op::Rotr, Op::DivS, Op::DivU, Op::RemS, Op::RemU};
const Op narrow[] = {Op::Extend8S, Op::Extend16S, Op::Clz, Op::Ctz, Op::Popcnt};

class Expression {
public:
  explicit Expression(Random &random) : random_(random) {
    for (Type t : {Type::I32, Type::I32, Type::I64, Type::I64})
      nodes.push_back({{Op::Param, t, 0, 0, 0, 0}, true});
    for (int i = 0; i < 12; ++i)
      add();
  }

  std::optional<u64> evaluate(u32 index, const u64 *args) const {
    const Node &n = nodes[index];
    if (n.is_param)
      return args[index];
    if (n.row.op == Op::Const)
      return n.bits;
    u64 in[3] = {};
    const Format format = row(n.row.op).format;
    const u32 count = format == Format::Unary ? 1 : format == Format::Binary ? 2 : 3;
    for (u32 i = 0; i < count; ++i) {
      const auto v = evaluate(Builder::id(n.row.arg(i)), args);
      if (!v)
        return {};
      in[i] = *v;
    }
    return fold(n.row, nodes[n.row.a].row.type, in[0], in[1], in[2]);
  }

  std::vector<Node> nodes;

private:
  u32 pick(Type t) {
    for (;;) {
      const u32 i = random_.below(static_cast<u32>(nodes.size()));
      if (nodes[i].row.type == t)
        return i;
    }
  }
  void push(Op op, Type t, u32 a, u32 b = 0, u32 c = 0, u16 aux = 0) { nodes.push_back({{op, t, aux, a, b, c}}); }

  void add() {
    const Type t = random_.below(2) == 0 ? Type::I32 : Type::I64;
    switch (random_.below(8)) {
    case 0:
    case 1:
      nodes.push_back({{Op::Const, t, 0, 0, 0, 0}, false, random_.integer(t)});
      break;
    case 2:
      push(narrow[random_.below(std::size(narrow))], t, pick(t));
      break;
    case 3: {
      const u32 x = pick(t);
      push(Op::Icmp, Type::I32, x, pick(t), 0, static_cast<u16>(random_.below(10)));
      break;
    }
    case 4: {
      const u32 condition = pick(Type::I32), x = pick(t);
      push(Op::Select, t, condition, x, pick(t));
      break;
    }
    case 5:
      if (t == Type::I32)
        push(Op::Wrap, t, pick(Type::I64));
      else if (random_.below(3) == 0)
        push(Op::Extend32S, t, pick(t));
      else
        push(random_.below(2) == 0 ? Op::ExtendS : Op::ExtendU, t, pick(Type::I32));
      break;
    default: {
      const u32 x = pick(t);
      push(binaries[random_.below(std::size(binaries))], t, x, pick(t));
    }
    }
  }

  Random &random_;
};

/// The built function as an evaluator: rows of one block, in order.
std::optional<std::vector<u64>> run(const Function &fn, const u64 *args) {
  std::vector<u64> values(fn.insts.size());
  const auto &params = fn.blocks[fn.entry].params;
  for (u32 i = 0; i < params.size(); ++i)
    values[Builder::id(params[i])] = args[i];
  for (Inst i = fn.blocks[fn.entry].first; !is_none(i); i = fn.links[i].next) {
    const InstRow &r = fn.insts[i];
    if (r.op == Op::Const) {
      values[Builder::id(i)] = r.bits();
      continue;
    }
    const Format format = row(r.op).format;
    const u64 a = values[r.a], b = format == Format::Unary ? 0 : values[r.b],
              c = format == Format::Ternary ? values[r.c] : 0;
    const auto v = fold(r, fn.insts[r.arg(0)].type, a, b, c);
    if (!v)
      return {};
    values[Builder::id(i)] = *v;
  }
  return values;
}

} // namespace

TEST_CASE("what the builder makes of an expression computes the same") {
  Random random(1);
  Builder builder;
  Function fn;
  for (int round = 0; round < 4000; ++round) {
    const Expression e(random);
    fn.clear();
    builder.start(fn);
    fn.entry = builder.make_block();
    builder.set_block(fn.entry);
    std::vector<Value> built;
    for (const Node &n : e.nodes) {
      if (n.is_param) {
        built.push_back(fn.add_param(fn.entry, n.row.type));
        continue;
      }
      if (n.row.op == Op::Const) {
        built.push_back(builder.constant(n.row.type, n.bits));
        continue;
      }
      InstRow r = n.row;
      r.a = Builder::id(built[r.a]);
      const Format format = row(r.op).format;
      r.b = format == Format::Unary ? 0 : Builder::id(built[r.b]);
      r.c = format == Format::Ternary ? Builder::id(built[r.c]) : 0;
      built.push_back(row(r.op).effect == Effect::Pure ? builder.pure(r) : builder.can_trap(r));
    }
    for (int sample = 0; sample < 20; ++sample) {
      const u64 args[] = {random.integer(Type::I32), random.integer(Type::I32), random.integer(Type::I64),
                          random.integer(Type::I64)};
      const auto values = run(fn, args);
      bool traps = false;
      for (u32 i = 0; i < e.nodes.size(); ++i) {
        const auto expected = e.evaluate(i, args);
        traps = traps || !expected;
        if (!values || !expected)
          continue;
        std::string text;
        print(fn, text);
        INFO(text, "node ", i);
        REQUIRE(fn.type(built[i]) == e.nodes[i].row.type);
        REQUIRE((*values)[Builder::id(built[i])] == *expected);
      }
      REQUIRE(traps == !values.has_value());
    }
  }
}

TEST_CASE("rules fire") {
  Function fn;
  Builder b;
  b.start(fn);
  fn.entry = b.make_block();
  b.set_block(fn.entry);
  const Value x = fn.add_param(fn.entry, Type::I32), wide = fn.add_param(fn.entry, Type::I64);
  const auto bin = [&](Op op, Value y, u32 c) {
    return b.can_trap({op, Type::I32, 0, Builder::id(y), Builder::id(b.i32(c)), 0});
  };
  CHECK(b.binary(Op::Add, x, b.i32(0)) == x);
  CHECK(b.binary(Op::Mul, b.i32(1), x) == x);
  CHECK(b.def(b.binary(Op::Mul, x, b.i32(8))).op == Op::Shl);
  CHECK(b.def(bin(Op::DivU, x, 4)).op == Op::ShrU);
  CHECK(b.def(bin(Op::RemU, x, 4)).op == Op::And);
  CHECK(b.def(bin(Op::DivS, x, 4)).op == Op::ShrS);
  CHECK(b.def(bin(Op::DivU, x, 0)).op == Op::DivU);
  CHECK(b.binary(Op::Xor, x, x) == b.i32(0));
  const Value less = b.icmp(Cond::LtS, x, b.i32(5));
  CHECK(b.def(b.icmp(Cond::Eq, less, b.i32(0))).aux == static_cast<u16>(Cond::GeS));
  CHECK(b.icmp(Cond::GtS, b.i32(5), x) == less);
  CHECK(b.unary(Op::Wrap, Type::I32, b.unary(Op::ExtendU, Type::I64, x)) == x);
  CHECK(b.binary(Op::And, less, b.i32(1)) == less);
  CHECK(b.binary(Op::Add, b.binary(Op::Add, wide, b.i64(3)), b.i64(-3ull)) == wide);
}

TEST_CASE("floats fold unless the result is a NaN") {
  const auto f = [](Op op, f64 x, f64 y) {
    return fold({op, Type::F64, 0, 0, 0, 0}, Type::F64, std::bit_cast<u64>(x), std::bit_cast<u64>(y));
  };
  CHECK(f(Op::Fadd, 1.5, 2.25) == std::bit_cast<u64>(3.75));
  CHECK(f(Op::Fmin, 0.0, -0.0) == std::bit_cast<u64>(-0.0));
  CHECK(f(Op::Fmax, -0.0, 0.0) == std::bit_cast<u64>(0.0));
  CHECK(f(Op::Fnearest, 2.5, 0) == std::bit_cast<u64>(2.0));
  CHECK(f(Op::Fnearest, -0.5, 0) == std::bit_cast<u64>(-0.0));
  CHECK_FALSE(f(Op::Fdiv, 0.0, 0.0).has_value());
  CHECK_FALSE(f(Op::Fsqrt, -1.0, 0).has_value());
  CHECK(f(Op::Fneg, 0.0, 0) == 0x8000000000000000);
}

TEST_CASE("float to integer at the limits") {
  const auto t = [](Op op, Type to, f64 x) { return fold({op, to, 0, 0, 0, 0}, Type::F64, std::bit_cast<u64>(x)); };
  CHECK(t(Op::TruncS, Type::I32, 2147483647.9) == 0x7fffffff);
  CHECK_FALSE(t(Op::TruncS, Type::I32, 2147483648.0).has_value());
  CHECK(t(Op::TruncS, Type::I32, -2147483648.9) == 0x80000000);
  CHECK_FALSE(t(Op::TruncS, Type::I32, -2147483649.0).has_value());
  CHECK(t(Op::TruncU, Type::I32, -0.9) == 0);
  CHECK_FALSE(t(Op::TruncU, Type::I32, -1.0).has_value());
  CHECK(t(Op::TruncU, Type::I64, 18446744073709549568.0) == 18446744073709549568ull);
  CHECK_FALSE(t(Op::TruncU, Type::I64, 18446744073709551616.0).has_value());
  CHECK(t(Op::TruncSatS, Type::I64, 1e300) == 0x7fffffffffffffff);
  CHECK(t(Op::TruncSatU, Type::I32, -5.0) == 0);
  CHECK(t(Op::TruncSatS, Type::I32, __builtin_nan("")) == 0);
}
