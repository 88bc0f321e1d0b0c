// The x64 target as codegen sees it.
#include "target/x64/target.hh"

#include "target/x64/emit.hh"
#include "target/x64/lower.hh"
#include "target/x64/registers.hh"
#include "target/x64/text.hh"

namespace trapeze::x64 {

namespace {

using namespace codegen;

/// Caller-saved first: they cost no save, and values live across calls find the others free.
constexpr PReg int_order[] = {int_reg(rax), int_reg(rcx), int_reg(rdx), int_reg(rsi), int_reg(rdi), int_reg(r8),
                              int_reg(r9),  int_reg(r10), int_reg(rbx), int_reg(r12), int_reg(r14), int_reg(r15)};
constexpr PReg float_order[] = {float_reg(0),  float_reg(1),  float_reg(2),  float_reg(3),  float_reg(4),
                                float_reg(5),  float_reg(6),  float_reg(7),  float_reg(8),  float_reg(9),
                                float_reg(10), float_reg(11), float_reg(12), float_reg(13), float_reg(14)};

/// Workspaces live as long as their thread: storage is reused from function to function.
void lower(const ir::Function &fn, const Settings &settings, MFunction &out) {
  static thread_local Lowering lowering;
  lowering.run(fn, settings, out);
}

void emit(const ir::Function &fn, const MFunction &m, const Allocation &a, const Settings &settings,
          image::CompiledFunction &out) {
  static thread_local Emitter emitter;
  emitter.run(fn, m, a, settings, out);
}

constexpr Target the_target{
    "x64",     {int_order, float_order, callee_saved, int_reg(scratch), float_reg(x64::float_scratch)},
    lower,     emit,
    print_row, disassemble,
};

} // namespace

const Target &target() { return the_target; }

Result<const Target *> target_for(CpuFeatures cpu) {
  std::string lacks = cpu.sse41 ? "" : "SSE4.1";
  if (!cpu.popcnt)
    lacks += lacks.empty() ? "POPCNT" : " and POPCNT";
  if (!lacks.empty())
    return fail(ErrorKind::Unsupported, 0, "this processor lacks " + lacks + ", which Trapeze needs on x86-64");
  return &the_target;
}

} // namespace trapeze::x64
