// Every arithmetic op executed on edge values and compared with a reference in C++ (ir/fold where it has one):
// operands as parameters, the second one as a constant, and through memory.
#include "x64_harness.hh"

#include "ir/conditions.hh"
#include "ir/fold.hh"

#include <bit>
#include <cmath>

using namespace x64_test;
using ir::Op;
using ir::Type;

namespace {

const std::vector<u64> ints = {0,
                               1,
                               2,
                               3,
                               5,
                               7,
                               10,
                               31,
                               32,
                               33,
                               63,
                               64,
                               100,
                               127,
                               128,
                               255,
                               256,
                               65535,
                               65536,
                               0x7fffffff,
                               0x80000000,
                               0x80000001,
                               0xffffffff,
                               0xfffffff0,
                               0x100000000,
                               0x7fffffffffffffff,
                               0x8000000000000000,
                               0x8000000000000001,
                               0xffffffffffffffff,
                               0xfffffffffffffff0,
                               0x123456789abcdef0,
                               641,
                               6700417,
                               6,
                               9,
                               11,
                               12,
                               25,
                               125,
                               625,
                               1000,
                               1000000007,
                               0xfffffffd,
                               0xfffffff9,
                               0xfffffffffffffffd,
                               0xfffffffffffffff6,
                               0xcccccccccccccccd,
                               0x5555555555555555,
                               10000000000000000000u};

const std::vector<double> doubles = {0.0,
                                     -0.0,
                                     1.0,
                                     -1.0,
                                     0.5,
                                     -0.5,
                                     1.5,
                                     -1.5,
                                     2.5,
                                     0.9999999,
                                     -0.9999999,
                                     1e10,
                                     -1e10,
                                     1e30,
                                     -1e30,
                                     2147483647.0,
                                     2147483648.0,
                                     -2147483648.0,
                                     -2147483648.9,
                                     -2147483649.0,
                                     4294967295.0,
                                     4294967295.9,
                                     4294967296.0,
                                     9223372036854774784.0,
                                     9223372036854775808.0,
                                     -9223372036854775808.0,
                                     -9223372036854777856.0,
                                     18446744073709549568.0,
                                     18446744073709551616.0,
                                     INFINITY,
                                     -INFINITY,
                                     NAN,
                                     5e-324};

std::vector<u64> values(Type t) {
  std::vector<u64> all;
  if (t == Type::F64)
    for (double d : doubles)
      all.push_back(std::bit_cast<u64>(d));
  else if (t == Type::F32)
    for (double d : doubles)
      all.push_back(std::bit_cast<u32>(static_cast<float>(d)));
  else
    for (u64 v : ints)
      all.push_back(t == Type::I64 ? v : v & 0xffffffff);
  return all;
}

u64 garbage(Type t, u64 bits) { return ir::size_of(t) == 4 ? bits | 0xdeadbeef00000000 : bits; }

bool is_nan(Type t, u64 bits) {
  return t == Type::F64   ? std::isnan(std::bit_cast<double>(bits))
         : t == Type::F32 ? std::isnan(std::bit_cast<float>(static_cast<u32>(bits)))
                          : false;
}

/// Parameters in the registers of their class; the upper half of 32-bit ones is dirty.
Registers arguments(std::initializer_list<std::pair<Type, u64>> list) {
  Registers r;
  u32 i = 0, f = 0;
  for (auto [t, bits] : list)
    (ir::is_float_class(t) ? r.floats[f++] : r.ints[i++]) = garbage(t, bits);
  return r;
}

u64 answer(Type t, const Registers &r) {
  u64 bits = ir::is_float_class(t) ? r.float_results[0] : r.int_results[0];
  return ir::size_of(t) == 4 ? bits & 0xffffffff : bits;
}

/// What must come out: a value or a trap. Division and truncation trap where fold declines.
struct Expected {
  std::optional<u64> value;
  std::optional<abi::TrapCode> trap;
};

Expected expect(const ir::InstRow &row, Type operand, u64 a, u64 b) {
  if (std::optional<u64> v = ir::fold(row, operand, a, b, 0))
    return {*v, {}};
  if (ir::is_float_class(row.type)) // fold leaves NaNs to the machine
    return {row.type == Type::F32 ? u64{0x7fc00000} : u64{0x7ff8000000000000}, {}};
  if (row.op == Op::TruncS || row.op == Op::TruncU)
    return {{}, is_nan(operand, a) ? abi::TrapCode::InvalidConversion : abi::TrapCode::IntegerOverflow};
  bool is_division = row.op == Op::DivS || row.op == Op::DivU || row.op == Op::RemS || row.op == Op::RemU;
  REQUIRE_MESSAGE(is_division, "no reference for ", ir::row(row.op).text);
  return {{}, b == 0 ? abi::TrapCode::IntegerDivideByZero : abi::TrapCode::IntegerOverflow};
}

void compare(const char *what, const ir::InstRow &row, Type operand, u64 a, u64 b, const Outcome &got) {
  Expected want = expect(row, operand, a, b);
  bool ok = got.trap == want.trap;
  u64 result = answer(row.type, got.regs);
  if (ok && want.value) {
    u64 w = ir::size_of(row.type) == 4 ? *want.value & 0xffffffff : *want.value;
    ok = result == w || (is_nan(row.type, w) && is_nan(row.type, result));
    CHECK_MESSAGE(ok, what, ' ', ir::row(row.op).text, " aux ", row.aux, " type ", static_cast<int>(operand), " (", a,
                  ", ", b, ") gives ", result, ", not ", w);
  } else {
    CHECK_MESSAGE(ok, what, ' ', ir::row(row.op).text, " (", a, ", ", b, ") traps ",
                  got.trap ? static_cast<int>(*got.trap) : -1, " not ", want.trap ? static_cast<int>(*want.trap) : -1);
  }
}

ir::InstRow make_row(Op op, Type result, u16 aux = 0) { return {op, result, aux, 0, 0, 0}; }

void check_binary(Op op, Type t, Type result, u16 aux = 0) {
  ir::InstRow row = make_row(op, result, aux);
  Context context;
  auto with = [&](ir::Value a, ir::Value b) {
    ir::InstRow r = row;
    r.a = base::index_of(a), r.b = base::index_of(b);
    return r;
  };
  Body two({t, t}, {result});
  two.ret({two.b.raw(with(two.params[0], two.params[1]))});
  Compiled two_compiled(two.fn), two_spilled(two.fn, codegen::AllocationMode::Simple);
  for (u64 b : values(t)) {
    for (u64 a : values(t)) {
      compare("params", row, t, a, b, two_compiled.run(arguments({{t, a}, {t, b}}), context));
      compare("spilled", row, t, a, b, two_spilled.run(arguments({{t, a}, {t, b}}), context));
    }
    Body constant({t}, {result});
    constant.ret({constant.b.raw(with(constant.params[0], constant.b.constant(t, b)))});
    Compiled constant_compiled(constant.fn);
    Body memory({t}, {result});
    ir::Access access{.size_log2 = static_cast<u8>(ir::size_of(t) == 8 ? 3 : 2), .alias = ir::Alias::Global};
    ir::Value loaded = memory.b.load(t, memory.b.instance(), sizeof(abi::InstanceContext), access);
    memory.ret({memory.b.raw(with(memory.params[0], loaded))});
    Compiled memory_compiled(memory.fn);
    context.words[0] = b;
    for (u64 a : values(t)) {
      compare("constant", row, t, a, b, constant_compiled.run(arguments({{t, a}}), context));
      compare("memory", row, t, a, b, memory_compiled.run(arguments({{t, a}}), context));
    }
  }
}

void check_unary(Op op, Type t, Type result) {
  ir::InstRow row = make_row(op, result);
  Context context;
  Body body({t}, {result});
  ir::InstRow r = row;
  r.a = base::index_of(body.params[0]);
  body.ret({body.b.raw(r)});
  Compiled compiled(body.fn), spilled(body.fn, codegen::AllocationMode::Simple);
  for (u64 a : values(t)) {
    compare("param", row, t, a, 0, compiled.run(arguments({{t, a}}), context));
    compare("spilled", row, t, a, 0, spilled.run(arguments({{t, a}}), context));
  }
}

} // namespace

TEST_CASE("integer arithmetic") {
  for (Type t : {Type::I32, Type::I64})
    for (Op op : {Op::Add, Op::Sub, Op::Mul, Op::And, Op::Or, Op::Xor, Op::Shl, Op::ShrS, Op::ShrU, Op::Rotl, Op::Rotr})
      check_binary(op, t, t);
}

TEST_CASE("division") {
  for (Type t : {Type::I32, Type::I64})
    for (Op op : {Op::DivS, Op::DivU, Op::RemS, Op::RemU})
      check_binary(op, t, t);
}

TEST_CASE("compares as values") {
  for (Type t : {Type::I32, Type::I64})
    for (u16 c = 0; c < 10; ++c)
      check_binary(Op::Icmp, t, Type::I32, c);
  for (Type t : {Type::F32, Type::F64})
    for (u16 c = 0; c < 6; ++c)
      check_binary(Op::Fcmp, t, Type::I32, c);
}

TEST_CASE("integer unary") {
  for (Type t : {Type::I32, Type::I64})
    for (Op op : {Op::Clz, Op::Ctz, Op::Popcnt, Op::Extend8S, Op::Extend16S})
      check_unary(op, t, t);
  check_unary(Op::Extend32S, Type::I64, Type::I64);
  check_unary(Op::ExtendS, Type::I32, Type::I64);
  check_unary(Op::ExtendU, Type::I32, Type::I64);
  check_unary(Op::Wrap, Type::I64, Type::I32);
}

TEST_CASE("float arithmetic") {
  for (Type t : {Type::F32, Type::F64}) {
    for (Op op : {Op::Fadd, Op::Fsub, Op::Fmul, Op::Fdiv, Op::Fmin, Op::Fmax, Op::Fcopysign})
      check_binary(op, t, t);
    for (Op op : {Op::Fabs, Op::Fneg, Op::Fceil, Op::Ffloor, Op::Ftrunc, Op::Fnearest, Op::Fsqrt})
      check_unary(op, t, t);
  }
}

TEST_CASE("conversions") {
  for (Type f : {Type::F32, Type::F64})
    for (Type i : {Type::I32, Type::I64}) {
      for (Op op : {Op::TruncS, Op::TruncU, Op::TruncSatS, Op::TruncSatU})
        check_unary(op, f, i);
      check_unary(Op::ConvertS, i, f);
      check_unary(Op::ConvertU, i, f);
    }
  check_unary(Op::Demote, Type::F64, Type::F32);
  check_unary(Op::Promote, Type::F32, Type::F64);
  check_unary(Op::Bitcast, Type::F64, Type::I64);
  check_unary(Op::Bitcast, Type::I64, Type::F64);
  check_unary(Op::Bitcast, Type::F32, Type::I32);
  check_unary(Op::Bitcast, Type::I32, Type::F32);
}

TEST_CASE("fused compares: branch, select, trap_if") {
  Context context;
  for (Type t : {Type::I32, Type::I64, Type::F32, Type::F64}) {
    bool is_float = ir::is_float_class(t);
    for (u16 c = 0; c < (is_float ? 6 : 10); ++c) {
      Op op = is_float ? Op::Fcmp : Op::Icmp;
      auto cmp = [&](Body &b) {
        return b.b.raw({op, Type::I32, c, base::index_of(b.params[0]), base::index_of(b.params[1]), 0});
      };
      Body branch({t, t}, {Type::I32});
      {
        ir::Block yes = branch.b.make_block(), no = branch.b.make_block();
        ir::Value v = cmp(branch);
        u32 edges = branch.fn.make_edge(yes);
        branch.fn.make_edge(no);
        branch.b.raw({Op::Branch, Type::None, 0, base::index_of(v), edges, 0});
        branch.b.set_block(yes);
        branch.ret({branch.b.i32(1)});
        branch.b.set_block(no);
        branch.ret({branch.b.i32(0)});
      }
      Body select({t, t, Type::I64, Type::I64}, {Type::I64});
      {
        ir::Value v = cmp(select);
        select.ret({select.b.raw({Op::Select, Type::I64, 0, base::index_of(v), base::index_of(select.params[2]),
                                  base::index_of(select.params[3])})});
      }
      Body select_float({t, t}, {Type::F64});
      {
        ir::Value v = cmp(select_float);
        ir::Value x = select_float.b.constant(Type::F64, 1), y = select_float.b.constant(Type::F64, 0);
        select_float.ret(
            {select_float.b.raw({Op::Select, Type::F64, 0, base::index_of(v), base::index_of(x), base::index_of(y)})});
      }
      Body trap({t, t}, {Type::I32});
      trap.b.trap_if(cmp(trap), abi::TrapCode::UndefinedElement);
      trap.ret({trap.b.i32(0)});
      Compiled branch_c(branch.fn), select_c(select.fn), select_float_c(select_float.fn), trap_c(trap.fn);
      for (u64 a : values(t))
        for (u64 b : values(t)) {
          u64 want = *ir::fold(make_row(op, Type::I32, c), t, a, b, 0);
          Registers r = arguments({{t, a}, {t, b}});
          CHECK(answer(Type::I32, branch_c.run(r, context).regs) == want);
          CHECK(select_float_c.run(r, context).regs.float_results[0] == want);
          CHECK(trap_c.run(r, context).trap.has_value() == (want != 0));
          Registers s = arguments({{t, a}, {t, b}, {Type::I64, 1}, {Type::I64, 0}});
          CHECK(select_c.run(s, context).regs.int_results[0] == want);
        }
    }
  }
}

TEST_CASE("switch: chains and tables") {
  Context context;
  for (u32 cases : {0u, 1u, 3u, 4u, 5u, 9u, 40u}) {
    Body body({Type::I32}, {Type::I32});
    std::vector<ir::Block> blocks;
    for (u32 k = 0; k <= cases; ++k)
      blocks.push_back(body.b.make_block());
    u32 edges = 0;
    for (u32 k = 0; k <= cases; ++k) {
      u32 e = body.fn.make_edge(blocks[k]);
      edges = k == 0 ? e : edges;
    }
    body.b.raw({Op::Switch, Type::None, 0, base::index_of(body.params[0]), edges, cases + 1});
    for (u32 k = 0; k <= cases; ++k) {
      body.b.set_block(blocks[k]);
      body.ret({body.b.i32(100 + k)});
    }
    Compiled compiled(body.fn);
    for (u64 index : {u64{0}, u64{1}, u64{2}, u64{3}, u64{4}, u64{8}, u64{39}, u64{40}, u64{0xffffffff}})
      CHECK(answer(Type::I32, compiled.run(arguments({{Type::I32, index}}), context).regs) ==
            100 + std::min<u64>(index, cases));
  }
}

TEST_CASE("narrow loads and stores through a base and a dirty index") {
  Context context;
  std::vector<u8> memory(4096);
  for (usize k = 0; k < memory.size(); ++k)
    memory[k] = static_cast<u8>(k * 37 + 129);
  context.words[0] = reinterpret_cast<u64>(memory.data());
  for (Type t : {Type::I32, Type::I64})
    for (u8 size = 0; size <= (t == Type::I64 ? 3 : 2); ++size)
      for (bool sign : {false, true}) {
        Body body({Type::I32}, {t});
        ir::Builder &b = body.b;
        ir::Access fixed{.size_log2 = 3, .alias = ir::Alias::Fixed};
        ir::Value base_value = b.load(Type::I64, b.instance(), sizeof(abi::InstanceContext), fixed);
        ir::Value address = b.binary(Op::Add, base_value, b.unary(Op::ExtendU, Type::I64, body.params[0]));
        ir::Access access{.size_log2 = size, .sign_extend = sign, .can_trap = true, .removable = false};
        ir::Value v = b.load(t, address, 24, access);
        body.ret({v});
        Compiled compiled(body.fn), spilled(body.fn, codegen::AllocationMode::Simple);
        for (u64 index : {0, 1, 100, 4000}) {
          u64 want = 0;
          std::memcpy(&want, memory.data() + index + 24, usize{1} << size);
          u32 shift = 64 - (8u << size);
          if (sign && shift < 64)
            want = static_cast<u64>(static_cast<i64>(want << shift) >> shift);
          if (t == Type::I32)
            want &= 0xffffffff;
          CHECK(answer(t, compiled.run(arguments({{Type::I32, index}}), context).regs) == want);
          CHECK(answer(t, spilled.run(arguments({{Type::I32, index}}), context).regs) == want);
        }
        Body store({Type::I32, t}, {});
        ir::Builder &s = store.b;
        base_value = s.load(Type::I64, s.instance(), sizeof(abi::InstanceContext), fixed);
        address = s.binary(Op::Add, base_value, s.unary(Op::ExtendU, Type::I64, store.params[0]));
        s.store(address, store.params[1], 8, {.size_log2 = size, .can_trap = true});
        store.ret({});
        Compiled store_compiled(store.fn);
        std::vector<u8> before = memory;
        store_compiled.run(arguments({{Type::I32, 1000}, {t, 0x8182838485868788}}), context);
        u64 value = 0x8182838485868788;
        std::memcpy(before.data() + 1008, &value, usize{1} << size);
        CHECK(before == memory);
      }
}

TEST_CASE("parameters and results beyond the registers travel in cells") {
  Context context;
  std::vector<Type> types;
  for (u32 k = 0; k < 40; ++k)
    types.push_back(k % 4 == 0 ? Type::I64 : k % 4 == 1 ? Type::F64 : k % 4 == 2 ? Type::I32 : Type::F32);
  Body body(types, std::vector<Type>(types.rbegin(), types.rend()));
  std::vector<ir::Value> back(body.params.rbegin(), body.params.rend());
  body.b.raw({Op::Return, Type::None, 0, 0, body.fn.make_list(back), 0});
  for (codegen::AllocationMode mode : {codegen::AllocationMode::Full, codegen::AllocationMode::Simple}) {
    Compiled compiled(body.fn, mode);
    Registers r;
    std::vector<u64> sent;
    abi::Assigner in = abi::Assigner::params(abi::x64_convention), out = abi::Assigner::results(abi::x64_convention);
    auto cls = [](Type t) { return ir::is_float_class(t) ? abi::RegClass::Float : abi::RegClass::Int; };
    for (u32 k = 0; k < types.size(); ++k) {
      u64 v = 0x1000 + k;
      sent.push_back(v);
      abi::Location at = in.next(cls(types[k]));
      if (at.in_register)
        (at.cls == abi::RegClass::Int ? r.ints : r.floats)[at.index] = v;
      else
        std::memcpy(context.store->overflow[at.index].bytes, &v, 8);
    }
    Outcome got = compiled.run(r, context);
    for (u32 k = 0; k < types.size(); ++k) {
      Type t = types[types.size() - 1 - k];
      abi::Location at = out.next(cls(t));
      u64 v = 0;
      if (at.in_register)
        v = (at.cls == abi::RegClass::Int ? got.regs.int_results : got.regs.float_results)[at.index];
      else
        std::memcpy(&v, context.store->overflow[at.index].bytes, 8);
      CHECK((v & 0xffffffff) == sent[types.size() - 1 - k]);
    }
  }
}
