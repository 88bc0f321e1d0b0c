// Random functions, lowered with all their folding, against an interpreter that evaluates row by row with ir/fold:
// loads that may or may not be folded past stores, addresses, compares with several users, selects, branches, a loop.
#include "x64_harness.hh"

#include "ir/fold.hh"

#include <cstdlib>
#include <map>
#include <random>

using namespace x64_test;
using ir::Op;
using ir::Type;
using ir::Value;

namespace {

constexpr u32 memory_size = 256;

class Generator {
public:
  explicit Generator(u32 seed)
      : random_(seed), body({Type::I32, Type::I64, Type::I32, Type::I64, Type::F64, Type::F32}, {Type::I64}) {}

  void run() {
    for (Value p : body.params)
      values_[body.fn.type(p)].push_back(p);
    ir::Block loop = body.b.make_block(), after = body.b.make_block();
    straight(pick(20));
    // A loop that counts down from 3, with one carried value of each integer type.
    Value count = body.fn.add_param(loop, Type::I32);
    Value narrow = body.fn.add_param(loop, Type::I32), wide = body.fn.add_param(loop, Type::I64);
    Value start[] = {body.b.i32(3), any(Type::I32), any(Type::I64)};
    body.b.raw({Op::Jump, Type::None, 0, 0, body.fn.make_edge(loop, start), 0});
    body.b.set_block(loop);
    auto outer = values_;
    values_[Type::I32].push_back(narrow);
    values_[Type::I64].push_back(wide);
    straight(pick(30));
    diamond();
    straight(pick(20));
    Value left = body.b.raw({Op::Sub, Type::I32, 0, base::index_of(count), base::index_of(body.b.i32(1)), 0});
    ir::Block again = body.b.make_block();
    Value next[] = {left, any(Type::I32), any(Type::I64)};
    Value result = any(Type::I64);
    u32 edges = body.fn.make_edge(again);
    body.fn.make_edge(after);
    body.b.raw({Op::Branch, Type::None, 0, base::index_of(left), edges, 0});
    body.b.set_block(again);
    body.b.raw({Op::Jump, Type::None, 0, 0, body.fn.make_edge(loop, next), 0});
    body.b.set_block(after);
    straight(pick(10));
    body.ret({body.b.raw({Op::Add, Type::I64, 0, base::index_of(result), base::index_of(any(Type::I64)), 0})});
  }

private:
  std::mt19937 random_;
  std::map<Type, std::vector<Value>> values_;

public:
  Body body;

private:
  u32 pick(u32 n) { return random_() % n; }

  Value constant(Type t) {
    static constexpr u64 choices[] = {0,
                                      1,
                                      2,
                                      3,
                                      4,
                                      5,
                                      7,
                                      8,
                                      10,
                                      31,
                                      63,
                                      100,
                                      255,
                                      65535,
                                      0x7fffffff,
                                      0x80000000,
                                      0xffffffff,
                                      0x100000000,
                                      0x123456789abcdef0,
                                      ~u64{0},
                                      ~u64{0} - 7};
    if (t == Type::F32)
      return body.b.constant(t, std::bit_cast<u32>(static_cast<float>(pick(100)) * 0.25f - 8));
    if (t == Type::F64)
      return body.b.constant(t, std::bit_cast<u64>(pick(100) * 0.25 - 8));
    u64 bits = choices[pick(std::size(choices))];
    return body.b.constant(t, t == Type::I32 ? bits & 0xffffffff : bits);
  }

  /// A recent value is likelier: single uses, which fold.
  Value any(Type t) {
    std::vector<Value> &of = values_[t];
    if (of.empty() || pick(5) == 0)
      return constant(t);
    return pick(2) ? of.back() : of[pick(static_cast<u32>(of.size()))];
  }

  Value add(ir::InstRow row) {
    Value v = body.b.raw(row);
    values_[row.type].push_back(v);
    return v;
  }
  ir::InstRow row(Op op, Type t, Value a, Value b = {}, Value c = {}, u16 aux = 0) {
    return {op, t, aux, base::index_of(a), base::index_of(b), base::index_of(c)};
  }

  /// base + (x & mask), so always inside the memory.
  Value address() {
    ir::Access fixed{.size_log2 = 3, .alias = ir::Alias::Fixed};
    Value base_value = body.b.load(Type::I64, body.b.instance(), sizeof(abi::InstanceContext), fixed);
    Value masked = body.b.raw(row(Op::And, Type::I32, any(Type::I32), body.b.i32(120)));
    Value index = body.b.raw(row(Op::ExtendU, Type::I64, masked));
    return body.b.raw(row(Op::Add, Type::I64, base_value, index));
  }

  void memory_op() {
    static constexpr Type types[] = {Type::I32, Type::I64, Type::F32, Type::F64};
    Type t = types[pick(4)];
    u8 full = ir::size_of(t) == 8 ? 3 : 2;
    ir::Access access{.size_log2 = ir::is_float_class(t) || pick(2) ? full : static_cast<u8>(pick(full + 1u)),
                      .can_trap = true,
                      .removable = false};
    Value where = address();
    u32 offset = pick(16) * 8;
    if (pick(3) == 0 && !ir::is_float_class(t)) { // read, modify, write
      access.size_log2 = full;
      Value x = body.b.raw({Op::Load, t, access.pack(), base::index_of(where), 0, offset});
      if (pick(4) == 0)
        body.b.store(address(), any(t), 8, access);
      static constexpr Op ops[] = {Op::Add, Op::Sub, Op::And, Op::Or, Op::Xor};
      Value y = body.b.raw(row(ops[pick(5)], t, x, any(t)));
      body.b.store(where, y, offset, access);
    } else if (pick(2)) {
      access.sign_extend = !ir::is_float_class(t) && pick(2);
      add({Op::Load, t, access.pack(), base::index_of(where), 0, offset});
    } else {
      body.b.store(where, any(t), offset, access);
    }
  }

  Value condition() {
    if (pick(3) == 0)
      return any(Type::I32);
    if (pick(3) == 0) {
      Type t = pick(2) ? Type::F32 : Type::F64;
      return add(row(Op::Fcmp, Type::I32, any(t), any(t), {}, static_cast<u16>(pick(6))));
    }
    Type t = pick(2) ? Type::I32 : Type::I64;
    return add(row(Op::Icmp, Type::I32, any(t), any(t), {}, static_cast<u16>(pick(10))));
  }

  void step() {
    static constexpr Op binary[] = {Op::Add,  Op::Sub,  Op::Mul,  Op::And,  Op::Or,  Op::Xor, Op::Shl,
                                    Op::ShrS, Op::ShrU, Op::Rotl, Op::Rotr, Op::Add, Op::Add};
    Type t = pick(2) ? Type::I32 : Type::I64;
    switch (pick(14)) {
    case 12: { // andn
      Value inverted = body.b.raw(row(Op::Xor, t, any(t), body.b.constant(t, ~u64{0} >> (t == Type::I32 ? 32 : 0))));
      Value x = any(t);
      add(pick(2) ? row(Op::And, t, x, inverted) : row(Op::And, t, inverted, x));
      break;
    }
    case 13: { // blsr, blsmsk, blsi
      Value x = any(t);
      Value y = pick(2) ? body.b.raw(row(Op::Add, t, x, body.b.constant(t, ~u64{0} >> (t == Type::I32 ? 32 : 0))))
                        : body.b.raw(row(Op::Sub, t, body.b.constant(t, 0), x));
      static constexpr Op ops[] = {Op::And, Op::Or, Op::Xor};
      add(pick(2) ? row(ops[pick(3)], t, x, y) : row(ops[pick(3)], t, y, x));
      break;
    }
    case 0:
    case 1:
    case 2:
    case 3:
      add(row(binary[pick(std::size(binary))], t, any(t), any(t)));
      break;
    case 4: {
      static constexpr Op unary[] = {Op::Clz, Op::Ctz, Op::Popcnt, Op::Extend8S, Op::Extend16S};
      add(row(unary[pick(5)], t, any(t)));
      break;
    }
    case 5:
      add(row(pick(2) ? Op::ExtendS : Op::ExtendU, Type::I64, any(Type::I32)));
      break;
    case 6:
      add(row(Op::Wrap, Type::I32, any(Type::I64)));
      break;
    case 7: {
      Type of = pick(4) == 0 ? Type::F64 : t;
      add(row(Op::Select, of, condition(), any(of), any(of)));
      break;
    }
    case 8: { // a divisor that is not 0 and not -1
      Value divisor = body.b.raw(
          row(Op::Or, t, body.b.raw(row(Op::And, t, any(t), body.b.constant(t, 0xff))), body.b.constant(t, 1)));
      static constexpr Op ops[] = {Op::DivS, Op::DivU, Op::RemS, Op::RemU};
      add(row(ops[pick(4)], t, any(t), pick(2) ? divisor : body.b.constant(t, 3 + pick(1000))));
      break;
    }
    case 9: {
      Type f = pick(2) ? Type::F32 : Type::F64;
      static constexpr Op ops[] = {Op::Fadd, Op::Fsub, Op::Fmul, Op::Fmin, Op::Fmax, Op::Fcopysign};
      add(row(ops[pick(6)], f, any(f), any(f)));
      if (pick(3) == 0)
        add(row(Op::TruncSatS, t, any(f)));
      if (pick(3) == 0)
        add(row(pick(2) ? Op::ConvertS : Op::ConvertU, f, any(t)));
      break;
    }
    default:
      memory_op();
    }
  }

  void straight(u32 steps) {
    for (u32 k = 0; k < steps; ++k)
      step();
  }

  /// if (condition) { ... x } else { ... y }, joined by a parameter.
  void diamond() {
    ir::Block yes = body.b.make_block(), no = body.b.make_block(), join = body.b.make_block();
    Value p = body.fn.add_param(join, Type::I64);
    Value c = condition();
    u32 edges = body.fn.make_edge(yes);
    body.fn.make_edge(no);
    body.b.raw({Op::Branch, Type::None, 0, base::index_of(c), edges, 0});
    auto before = values_;
    for (ir::Block b : {yes, no}) {
      body.b.set_block(b);
      values_ = before;
      straight(pick(8));
      Value arg[] = {any(Type::I64)};
      body.b.raw({Op::Jump, Type::None, 0, 0, body.fn.make_edge(join, arg), 0});
    }
    body.b.set_block(join);
    values_ = before;
    values_[Type::I64].push_back(p);
  }
};

/// What this processor has of the target's optional features.
u32 cpu_here() {
  return (__builtin_cpu_supports("lzcnt") != 0 ? x64::cpu_lzcnt : 0u) |
         (__builtin_cpu_supports("bmi") != 0 ? x64::cpu_bmi1 : 0u) |
         (__builtin_cpu_supports("bmi2") != 0 ? x64::cpu_bmi2 : 0u);
}

/// Row by row.
class Interpreter {
public:
  Interpreter(const ir::Function &fn, const Context &context) : fn_(fn), context_(context), values_(fn.insts.size()) {}

  u64 run(std::initializer_list<u64> args) {
    u32 k = 0;
    for (u64 a : args)
      values_[base::index_of(fn_.blocks[fn_.entry].params[k++])] = a;
    ir::Block block = fn_.entry;
    for (;;) {
      ir::Inst i = fn_.blocks[block].first;
      while (!ir::is_none(fn_.links[i].next)) {
        step(i);
        i = fn_.links[i].next;
      }
      const ir::InstRow &r = fn_.insts[i];
      if (r.op == Op::Return)
        return value(static_cast<Value>(fn_.return_values(i)[0]));
      auto edge = fn_.edge(i, r.op == Op::Branch && static_cast<u32>(value(r.arg(0))) == 0 ? 1 : 0);
      std::vector<u64> moved;
      for (u32 a : edge.args)
        moved.push_back(value(static_cast<Value>(a)));
      for (u32 p = 0; p < moved.size(); ++p)
        values_[base::index_of(fn_.blocks[edge.target].params[p])] = moved[p];
      block = edge.target;
    }
  }

  bool is_certain = true;

private:
  u64 value(Value v) const { return values_[base::index_of(v)]; }

  void step(ir::Inst i) {
    const ir::InstRow &r = fn_.insts[i];
    ir::Access access = ir::Access::unpack(r.aux);
    u64 &out = values_[base::index_of(i)];
    switch (r.op) {
    case Op::Const:
      out = r.bits();
      return;
    case Op::Instance:
      out = reinterpret_cast<u64>(&context_);
      return;
    case Op::Load: {
      u64 bits = 0;
      std::memcpy(&bits, reinterpret_cast<const u8 *>(value(r.arg(0)) + r.c), usize{1} << access.size_log2);
      u32 shift = 64 - (8u << access.size_log2);
      if (access.sign_extend)
        bits = static_cast<u64>(static_cast<i64>(bits << shift) >> shift);
      out = ir::size_of(r.type) == 4 ? bits & 0xffffffff : bits;
      return;
    }
    case Op::Store: {
      u64 bits = value(r.arg(1));
      std::memcpy(reinterpret_cast<u8 *>(value(r.arg(0)) + r.c), &bits, usize{1} << access.size_log2);
      return;
    }
    case Op::Select:
      out = static_cast<u32>(value(r.arg(0))) != 0 ? value(r.arg(1)) : value(r.arg(2));
      return;
    default: {
      bool is_unary = ir::row(r.op).format == ir::Format::Unary;
      auto v = ir::fold(r, fn_.type(r.arg(0)), value(r.arg(0)), is_unary ? 0 : value(r.arg(1)), 0);
      is_certain &= v.has_value(); // which NaN comes out is the machine's business
      out = !v ? 0 : ir::size_of(r.type) == 4 ? *v & 0xffffffff : *v;
    }
    }
  }

  const ir::Function &fn_;
  const Context &context_;
  std::vector<u64> values_;
};

} // namespace

TEST_CASE("random functions do what their rows say") {
  u32 compared = 0;
  const char *wanted = std::getenv("TRAPEZE_RANDOM_SEEDS");
  u32 seeds = wanted ? static_cast<u32>(std::atoi(wanted)) : 600;
  for (u32 seed = 1; seed <= seeds; ++seed) {
    Generator g(seed);
    g.run();
    std::vector<u64> words(memory_size / 8 + 2), reference;
    Context context;
    context.words[0] = reinterpret_cast<u64>(words.data());
    auto fill = [&] {
      for (usize k = 0; k < words.size(); ++k)
        words[k] = (k + 1) * 0x9e3779b97f4a7c15 & (k % 3 == 0 ? ~u64{0} : 0x3ff0ffff0000ffff);
    };
    fill();
    u64 d = std::bit_cast<u64>(2.5);
    u32 f = std::bit_cast<u32>(-1.25f);
    Interpreter interpreter(g.body.fn, context);
    u64 want = interpreter.run({0xfffffff3, 77, 5, 0x8000000000000001, d, f});
    if (!interpreter.is_certain)
      continue;
    ++compared;
    reference = words;
    for (codegen::AllocationMode mode :
         {codegen::AllocationMode::Full, codegen::AllocationMode::OnePass, codegen::AllocationMode::Simple}) {
      Compiled compiled(g.body.fn, mode, mode == codegen::AllocationMode::Full && seed % 3 != 0 ? cpu_here() : 0);
      fill();
      Registers r{.ints = {0xdeadbeeffffffff3, 77, 0xffffffff00000005, 0x8000000000000001}, .floats = {d, f}};
      Outcome got = compiled.run(r, context);
      bool ok = !got.trap && got.regs.int_results[0] == want && words == reference;
      CHECK_MESSAGE(ok, "seed ", seed, " mode ", static_cast<int>(mode));
    }
  }
  CHECK(compared > seeds / 3);
}
