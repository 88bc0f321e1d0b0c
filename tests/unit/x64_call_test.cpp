// Calls, tail calls and their tables, executed: through pointers into the same and another instance, through the
// builtins table, with more parameters and results than registers; values live across; regions and pads in the tables.
#include "x64_harness.hh"

#include "abi/builtins.hh"

#include <algorithm>

using namespace x64_test;
using ir::Op;
using ir::Type;

namespace {

constexpr ir::Access fixed{.size_log2 = 3, .alias = ir::Alias::Fixed};
constexpr u32 code_word = sizeof(abi::InstanceContext);
constexpr u32 context_word = code_word + 8;
constexpr u32 value_word = code_word + 16;

/// (a: i64, b: i64) -> i64: a * 3 + b + the word of its own instance
Body make_callee() {
  Body callee({Type::I64, Type::I64}, {Type::I64});
  ir::Builder &b = callee.b;
  ir::Value word = b.load(Type::I64, b.instance(), value_word, {.size_log2 = 3, .alias = ir::Alias::Global});
  ir::Value sum = b.binary(Op::Add, b.binary(Op::Mul, callee.params[0], b.i64(3)), callee.params[1]);
  callee.ret({b.binary(Op::Add, sum, word)});
  return callee;
}

void set_words(Context &c, const Compiled &callee, Context &target, u64 value) {
  c.words[0] = reinterpret_cast<u64>(callee.code->start());
  c.words[1] = reinterpret_cast<u64>(&target);
  c.words[2] = value;
}

} // namespace

TEST_CASE("calls through pointers, with values live across") {
  Body callee = make_callee();
  Compiled callee_code(callee.fn);
  for (bool local : {false, true}) {
    Body caller({Type::I64, Type::I64}, {Type::I64});
    ir::Builder &b = caller.b;
    u32 sig = static_cast<u32>(caller.fn.sigs.push({{Type::I64, Type::I64}, {Type::I64}}));
    ir::Value code = b.load(Type::I64, b.instance(), code_word, fixed);
    ir::Value context = local ? b.instance() : b.load(Type::I64, b.instance(), context_word, fixed);
    ir::Value args[] = {code, context, caller.params[0], caller.params[1]};
    ir::Value r = caller.b.raw(
        {Op::CallPtr, Type::I64, 0, caller.fn.make_call({0, static_cast<ir::Sig>(sig), ir::no_region, 4}, args), 0, 0});
    ir::Value again[] = {code, context, r, caller.params[0]};
    ir::Value s = caller.b.raw({Op::CallPtr, Type::I64, 0,
                                caller.fn.make_call({0, static_cast<ir::Sig>(sig), ir::no_region, 4}, again), 0, 0});
    ir::Value word = b.load(Type::I64, b.instance(), value_word, {.size_log2 = 3, .alias = ir::Alias::Global});
    caller.ret({b.binary(Op::Add, b.binary(Op::Sub, s, caller.params[1]), word)});
    for (codegen::AllocationMode mode :
         {codegen::AllocationMode::Full, codegen::AllocationMode::OnePass, codegen::AllocationMode::Simple}) {
      Compiled code_of_caller(caller.fn, mode);
      Context mine, other;
      set_words(mine, callee_code, other, 1000);
      other.words[2] = 7;
      u64 word_seen = local ? 1000 : 7;
      u64 first = 5 * 3 + 11 + word_seen, second = first * 3 + 5 + word_seen;
      Outcome got = code_of_caller.run({.ints = {5, 11}}, mine);
      CHECK(got.regs.int_results[0] == second - 11 + 1000);
      CHECK(code_of_caller.result.calls.size() == 2);
      CHECK(code_of_caller.result.frame.has_instance_slot == !local);
    }
  }
}

TEST_CASE("tail calls reuse the frame") {
  Body callee = make_callee();
  Compiled callee_code(callee.fn);
  Body caller({Type::I64, Type::I64}, {Type::I64});
  ir::Builder &b = caller.b;
  ir::Value code = b.load(Type::I64, b.instance(), code_word, fixed);
  ir::Value context = b.load(Type::I64, b.instance(), context_word, fixed);
  ir::Value args[] = {code, context, caller.params[1], caller.params[0]};
  caller.b.raw(
      {Op::ReturnCallPtr, Type::None, 0, caller.fn.make_call({0, caller.fn.sig, ir::no_region, 4}, args), 0, 0});
  Compiled compiled(caller.fn);
  Context mine;
  set_words(mine, callee_code, mine, 9);
  CHECK(compiled.run({.ints = {5, 11}}, mine).regs.int_results[0] == 11 * 3 + 5 + 9);
  // Another instance: the stub of the builtins table gets code in rax and context in r10. This one enters it as is.
  using namespace trapeze::x64;
  codegen::CodeBuffer stub;
  encode(stub, trapeze::x64::Op::Push, Width::W64, no_register, Rm::of(u8{r13}));
  encode(stub, trapeze::x64::Op::MovLoad, Width::W64, r13, Rm::of(u8{r10}));
  encode(stub, trapeze::x64::Op::CallRm, Width::W64, no_register, Rm::of(u8{rax}));
  encode(stub, trapeze::x64::Op::Pop, Width::W64, no_register, Rm::of(u8{r13}));
  encode(stub, trapeze::x64::Op::RetNear, Width::W64, no_register, {});
  Code stub_code(stub.bytes);
  std::vector<const void *> builtins(abi::builtin_count + 1);
  builtins[abi::cross_instance_tail_slot] = stub_code.start();
  Context other;
  other.words[2] = 70;
  set_words(mine, callee_code, other, 9);
  mine.head.builtins = builtins.data();
  CHECK(compiled.run({.ints = {5, 11}}, mine).regs.int_results[0] == 11 * 3 + 5 + 70);
}

TEST_CASE("builtins are called through their table, without the instance") {
  Body body({Type::I32, Type::Ref, Type::I64}, {Type::I64});
  ir::Builder &b = body.b;
  ir::Sig sig = body.fn.sigs.push({{Type::I32, Type::Ref, Type::I64}, {Type::I64}});
  u32 call = body.fn.make_call({static_cast<u32>(abi::Builtin::TableGrow), sig, ir::no_region, 3}, body.params);
  ir::Value r = b.raw({Op::CallBuiltin, Type::I64, 0, call, 0, 0});
  // The reference lives across the call: it must be in a slot the call site names.
  ir::Value again = b.unary(Op::ExtendU, Type::I64, body.params[1]);
  body.ret({b.binary(Op::Add, r, again)});
  using namespace trapeze::x64;
  codegen::CodeBuffer stub; // rdi - rsi * 4 + rdx
  encode(stub, trapeze::x64::Op::MovLoad, Width::W32, rax, Rm::of(u8{rdi}));
  encode(stub, trapeze::x64::Op::MovLoad, Width::W32, rsi, Rm::of(u8{rsi}));
  encode(stub, trapeze::x64::Op::ShlImm, Width::W64, no_register, Rm::of(u8{rsi}), 2);
  encode(stub, trapeze::x64::Op::Sub, Width::W64, rax, Rm::of(u8{rsi}));
  encode(stub, trapeze::x64::Op::Add, Width::W64, rax, Rm::of(u8{rdx}));
  encode(stub, trapeze::x64::Op::RetNear, Width::W64, no_register, {});
  Code stub_code(stub.bytes);
  std::vector<const void *> builtins(abi::builtin_count + 1);
  builtins[static_cast<u32>(abi::Builtin::TableGrow)] = stub_code.start();
  Compiled compiled(body.fn);
  Context context;
  context.head.builtins = builtins.data();
  CHECK(compiled.run({.ints = {0xffffffff00000064, 0xffffffff00000003, 1000}}, context).regs.int_results[0] ==
        100 - 12 + 1000 + 3);
  REQUIRE(compiled.result.calls.size() == 1);
  CHECK(compiled.result.calls[0].slot_count == 1);
}

TEST_CASE("regions: clauses lead to pads, all registers are saved, call sites name their region") {
  Body body({Type::I64}, {Type::I64});
  ir::Builder &b = body.b;
  ir::Block inside = b.make_block(), pad = b.make_block();
  body.fn.blocks[pad].is_pad = true;
  u32 clauses = static_cast<u32>(body.fn.clauses.size());
  body.fn.clauses.push_back({3, false, pad});
  ir::Region region = body.fn.regions.push({ir::no_region, body.fn.entry, {clauses, 1}});
  b.raw({Op::Jump, Type::None, 0, 0, body.fn.make_edge(inside), 0});
  b.set_block(inside);
  ir::Sig sig = body.fn.sigs.push({{}, {}});
  b.raw({Op::Call, Type::None, 0, body.fn.make_call({17, sig, region, 0}, {}), 0, 0});
  body.ret({b.i64(1)});
  b.set_block(pad);
  body.ret({body.params[0]});
  Compiled compiled(body.fn);
  const image::CompiledFunction &f = compiled.result;
  REQUIRE(f.calls.size() == 2); // the second is the system pad's
  CHECK(f.calls[0].region == 0);
  CHECK(f.calls[1].region == image::no_region);
  REQUIRE(f.regions.size() == 1);
  CHECK(f.regions[0].system_pad > f.clauses[0].pad);
  CHECK(f.regions[0].system_pad < f.calls[1].return_offset);
  REQUIRE(f.clauses.size() == 1);
  CHECK(f.clauses[0].tag == 3);
  CHECK(f.clauses[0].pad > f.calls[0].return_offset);
  CHECK(f.clauses[0].pad < f.code_size);
  CHECK(f.frame.saved_mask == 15);
  CHECK(f.frame.has_instance_slot);
  REQUIRE(f.relocations.size() == 1);
  CHECK(f.relocations[0].func == 17);
  CHECK(f.relocations[0].offset + 4 == f.calls[0].return_offset);
  // What the pad reads is in the frame: landing needs rbp only.
  std::string text;
  CHECK(x64::target().disassemble(f.code, f.clauses[0].pad, text) != 0);
  CHECK(text.find("rbp") != std::string::npos);
}

TEST_CASE("the stack check traps with a complete frame") {
  Body callee = make_callee();
  Compiled callee_code(callee.fn);
  Body caller({Type::I64, Type::I64}, {Type::I64});
  ir::Builder &b = caller.b;
  ir::Value args[] = {b.load(Type::I64, b.instance(), code_word, fixed), b.instance(), caller.params[0],
                      caller.params[1]};
  caller.ret(
      {b.raw({Op::CallPtr, Type::I64, 0, caller.fn.make_call({0, caller.fn.sig, ir::no_region, 4}, args), 0, 0})});
  Compiled compiled(caller.fn);
  Context context;
  set_words(context, callee_code, context, 1);
  context.store->stack_limit = ~u64{0};
  CHECK(compiled.run({.ints = {1, 2}}, context).trap == abi::TrapCode::StackOverflow);
  context.store->stack_limit = 0;
  CHECK(compiled.run({.ints = {1, 2}}, context).regs.int_results[0] == 6);
}

TEST_CASE("long functions: jumps out of reach of 8 bits, loops") {
  // sum over i of i ^ k for many k, so the loop's body is longer than 127 bytes
  Body body({Type::I32}, {Type::I32});
  ir::Builder &b = body.b;
  ir::Block head = b.make_block(), inside = b.make_block(), done = b.make_block();
  ir::Value i = body.fn.add_param(head, Type::I32), sum = body.fn.add_param(head, Type::I32);
  ir::Value start[] = {b.i32(0), b.i32(0)};
  b.raw({Op::Jump, Type::None, 0, 0, body.fn.make_edge(head, start), 0});
  b.set_block(head);
  ir::Value more = b.icmp(ir::Cond::LtU, i, body.params[0]);
  u32 edges = body.fn.make_edge(inside);
  body.fn.make_edge(done);
  b.raw({Op::Branch, Type::None, 0, base::index_of(more), edges, 0});
  b.set_block(inside);
  ir::Value s = sum;
  for (u32 k = 0; k < 60; ++k)
    s = b.binary(Op::Add, s, b.binary(Op::Xor, i, b.i32(k * 1000)));
  ir::Value next[] = {b.binary(Op::Add, i, b.i32(1)), s};
  b.raw({Op::Jump, Type::None, 0, 0, body.fn.make_edge(head, next), 0});
  b.set_block(done);
  body.ret({sum});
  u32 want = 0;
  for (u32 x = 0; x < 100; ++x)
    for (u32 k = 0; k < 60; ++k)
      want += x ^ (k * 1000);
  Context context;
  for (codegen::AllocationMode mode :
       {codegen::AllocationMode::Full, codegen::AllocationMode::OnePass, codegen::AllocationMode::Simple}) {
    Compiled compiled(body.fn, mode);
    CHECK(static_cast<u32>(compiled.run({.ints = {100}}, context).regs.int_results[0]) == want);
  }
}
