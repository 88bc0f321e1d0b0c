// Runs functions of IR natively: lower, allocate, frame, emit, map executable, call with r13 set, report traps.
#pragma once

#include "abi/vmctx.hh"
#include "codegen/frame.hh"
#include "codegen/regalloc/regalloc.hh"
#include "codegen/target.hh"
#include "ir/builder.hh"
#include "ir/cfg.hh"
#include "ir/order.hh"
#include "target/x64/encode.hh"
#include "target/x64/registers.hh"
#include "target/x64/target.hh"

#include <csetjmp>
#include <csignal>
#include <cstring>
#include <doctest/doctest.h>
#include <optional>
#include <string>
#include <sys/mman.h>
#include <vector>

namespace x64_test {

using namespace trapeze;

/// Registers in and out of a call: six integers, eight floats; then rax rdx xmm0 xmm1.
struct Registers {
  u64 ints[6] = {};
  u64 floats[8] = {};
  u64 int_results[2] = {};
  u64 float_results[2] = {};
};

struct Outcome {
  std::optional<abi::TrapCode> trap;
  Registers regs;
  bool operator==(const Outcome &) const = delete;
};

/// Executable memory for one piece of code.
class Code {
public:
  explicit Code(const std::vector<u8> &bytes) : size_(bytes.size() + 64) {
    memory_ = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory_ != MAP_FAILED);
    std::memcpy(memory_, bytes.data(), bytes.size());
    REQUIRE(mprotect(memory_, size_, PROT_READ | PROT_EXEC) == 0);
  }
  ~Code() { munmap(memory_, size_); }
  Code(const Code &) = delete;
  const u8 *start() const { return static_cast<const u8 *>(memory_); }

private:
  usize size_;
  void *memory_;
};

/// void enter(code, context, Registers *): loads the registers, calls, stores the results.
inline const Code &entry_stub() {
  using namespace trapeze::x64;
  static const Code stub([] {
    codegen::CodeBuffer b;
    auto rr = [&](Op op, u8 reg, u8 rm) { encode(b, op, Width::W64, reg, Rm::of(rm)); };
    auto at = [&](u8 base, usize disp) { return Rm::of(Memory{.base = base, .disp = static_cast<i32>(disp)}); };
    for (u8 r : {rbp, rbx, r12, r13, r14, r15})
      encode(b, Op::Push, Width::W64, no_register, Rm::of(r));
    encode(b, Op::SubImm, Width::W64, no_register, Rm::of(rsp), 8);
    rr(Op::MovLoad, rax, rdi);
    rr(Op::MovLoad, r13, rsi);
    rr(Op::MovLoad, rbx, rdx);
    rr(Op::MovLoad, rbp, rsp);
    for (u32 k = 0; k < 8; ++k)
      encode(b, Op::FloatLoad, Width::W64, static_cast<u8>(k), at(rbx, offsetof(Registers, floats) + 8 * k));
    for (u32 k = 0; k < 6; ++k)
      encode(b, Op::MovLoad, Width::W64, int_params[k], at(rbx, 8 * k));
    encode(b, Op::CallRm, Width::W64, no_register, Rm::of(rax));
    for (u32 k = 0; k < 2; ++k) {
      encode(b, Op::MovStore, Width::W64, int_results[k], at(rbx, offsetof(Registers, int_results) + 8 * k));
      encode(b, Op::FloatStore, Width::W64, static_cast<u8>(k), at(rbx, offsetof(Registers, float_results) + 8 * k));
    }
    encode(b, Op::AddImm, Width::W64, no_register, Rm::of(rsp), 8);
    for (u8 r : {r15, r14, r13, r12, rbx, rbp})
      encode(b, Op::Pop, Width::W64, no_register, Rm::of(r));
    encode(b, Op::RetNear, Width::W64, no_register, {});
    return b.bytes;
  }());
  return stub;
}

struct Fault {
  sigjmp_buf back;
  u64 pc = 0;
};
inline Fault fault;

inline void on_signal(int, siginfo_t *, void *context) {
  fault.pc = static_cast<u64>(static_cast<ucontext_t *>(context)->uc_mcontext.gregs[REG_RIP]);
  siglongjmp(fault.back, 1);
}

/// An instance context with a few words of its own behind the head, and a store.
struct Context {
  abi::InstanceContext head{};
  u64 words[32] = {};
  abi::StoreContext *store;
  Context() : store(new abi::StoreContext{}) { head.store = store; }
  ~Context() { delete store; }
};

class Compiled {
public:
  Compiled(ir::Function &fn, codegen::AllocationMode mode = codegen::AllocationMode::Full, u32 cpu = 0) {
    const codegen::Target *target = &x64::target();
    codegen::Settings settings{.cpu = cpu};
    codegen::MFunction m;
    codegen::Allocation a;
    codegen::Workspace ws;
    ir::Cfg cfg;
    ir::Loops loops;
    ir::Dominators dominators;
    cfg.compute(fn);
    dominators.compute(fn, cfg);
    loops.compute(fn, cfg, dominators);
    ir::order(fn, cfg, loops);
    target->lower(fn, settings, m);
    codegen::allocate(m, target->registers, ws, a, mode);
    std::optional<std::string> problem = codegen::check(m, target->registers, a);
    if (problem)
      FAIL(*problem);
    layout_frame(m, target->registers, a);
    target->emit(fn, m, a, settings, result);
    code.emplace(result.code);
  }

  Outcome run(Registers regs, Context &context) const {
    struct sigaction action{}, old[3];
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    int signals[3] = {SIGILL, SIGSEGV, SIGFPE};
    for (int k = 0; k < 3; ++k)
      sigaction(signals[k], &action, &old[k]);
    Outcome outcome;
    if (sigsetjmp(fault.back, 1) == 0) {
      reinterpret_cast<void (*)(const u8 *, Context *, Registers *)>(const_cast<u8 *>(entry_stub().start()))(
          code->start(), &context, &regs);
    } else {
      u64 offset = fault.pc - reinterpret_cast<u64>(code->start());
      for (const image::TrapSite &t : result.traps)
        if (t.offset == offset)
          outcome.trap = t.code;
      CHECK_MESSAGE(outcome.trap.has_value(), "fault at offset ", offset);
    }
    for (int k = 0; k < 3; ++k)
      sigaction(signals[k], &old[k], nullptr);
    outcome.regs = regs;
    return outcome;
  }

  image::CompiledFunction result;
  std::optional<Code> code;
};

/// A function of one block with the given parameter and result types.
struct Body {
  ir::Function fn;
  ir::Builder b;
  std::vector<ir::Value> params;

  Body(std::vector<ir::Type> types, std::vector<ir::Type> results) {
    fn.sig = fn.sigs.push({types, results});
    b.start(fn);
    fn.entry = b.make_block();
    for (ir::Type t : types)
      params.push_back(fn.add_param(fn.entry, t));
    b.set_block(fn.entry);
  }
  void ret(std::initializer_list<ir::Value> values) {
    std::vector<ir::Value> list(values);
    b.raw({ir::Op::Return, ir::Type::None, 0, 0, fn.make_list(list), 0});
  }
};

} // namespace x64_test
