#include "frame_model.hh"

#include "target/x64/registers.hh"
#include "target/x64/text.hh"

#include <cstring>
#include <fmt/format.h>

namespace trapeze::test {
namespace {

using x64::Decoded;
using x64::Op;

constexpr u8 hardware[] = {x64::rbx, x64::r12, x64::r13, x64::r14, x64::r15, x64::rbp};
constexpr u8 dwarf[] = {image::dwarf_rbx, image::dwarf_r12, image::dwarf_r13,
                        image::dwarf_r14, image::dwarf_r15, image::dwarf_rbp};
constexpr u32 kept_count = 6, rbp_index = 5;

u32 kept_index(u8 reg) {
  for (u32 k = 0; k < kept_count; ++k)
    if (hardware[k] == reg)
      return k;
  return kept_count;
}

class Walk {
public:
  explicit Walk(std::span<const u8> code) : code_(code) {}

  ModelResult run() {
    out_.states[0] = {};
    for (u32 at = 0; at < code_.size() && out_.fault.empty();) {
      if (code_.size() - at >= 4 && std::memcmp(code_.data() + at, "\xf3\x0f\x1e\xfa", 4) == 0) { // endbr64
        arrive(at + 4, state_of(at));
        at += 4;
        continue;
      }
      Decoded d;
      if (!x64::decode(code_, at, d)) {
        fault(at, "not an instruction");
        break;
      }
      if (!is_body_ && !is_prologue(d)) {
        is_body_ = true;
        body_ = state_of(at);
        for (u32 k = 0; k < kept_count; ++k) // what is saved may hold anything from now on
          body_.in_register[k] &= body_.saved[k] == 0;
        out_.states[at] = body_;
      }
      state_ = state_of(at);
      here_ = at;
      next_ = at + d.length;
      goes_on_ = true;
      step(d);
      if (goes_on_ && next_ < code_.size())
        arrive(next_, state_);
      at = next_;
    }
    return std::move(out_);
  }

private:
  static bool is_prologue(const Decoded &d) {
    return d.op == Op::Push || (d.op == Op::SubImm && d.rm.reg == x64::rsp) ||
           (d.op == Op::MovLoad && d.reg == x64::rbp && !d.rm.is_memory && d.rm.reg == x64::rsp);
  }
  void fault(u32 at, std::string text) {
    if (out_.fault.empty())
      out_.fault = fmt::format("+0x{:x}: {}", at, text);
  }
  const FrameState &state_of(u32 at) { return out_.states.try_emplace(at, body_).first->second; }

  /// Control reaches `at` with the state; behind us it must be what was assumed there.
  void arrive(u32 at, const FrameState &state) {
    auto [found, is_new] = out_.states.try_emplace(at, state);
    if (!is_new && !(found->second == state))
      fault(at, "reached with two different frames");
  }

  void leave_function() {
    goes_on_ = false;
    bool is_whole = state_.rsp == -8;
    for (bool in_register : state_.in_register)
      is_whole &= in_register;
    if (!is_whole)
      fault(here_, "leaves with a frame that is not torn down");
  }

  void jump(u64 displacement) {
    const i64 target = i64{next_} + static_cast<i64>(displacement);
    if (target > 0 && target < static_cast<i64>(code_.size())) // a jump to the first byte is a tail call of oneself
      arrive(static_cast<u32>(target), state_);
    else
      leave_function();
  }

  void push(u8 reg) {
    state_.rsp -= 8;
    const u32 k = kept_index(reg);
    if (k < kept_count && state_.in_register[k] && state_.saved[k] == 0)
      state_.saved[k] = state_.rsp;
  }

  void pop(u8 reg) {
    const u32 k = kept_index(reg);
    if (k < kept_count) {
      if (state_.saved[k] != state_.rsp)
        return fault(here_, "pops what is not the caller's");
      state_.in_register[k] = true;
      if (k == rbp_index)
        state_.rbp = 0;
    }
    state_.rsp += 8;
    for (i64 &slot : state_.saved)
      if (slot < state_.rsp)
        slot = 0;
  }

  void write(u8 reg) {
    if (reg == x64::rsp)
      fault(here_, "an unexpected write to the stack pointer");
    const u32 k = kept_index(reg);
    if (k == kept_count)
      return;
    if (state_.saved[k] == 0 || k == rbp_index)
      fault(here_, "the caller's register is lost");
    state_.in_register[k] = false;
  }

  void step(const Decoded &d) {
    switch (d.op) {
    case Op::Push:
      return push(d.rm.reg);
    case Op::Pop:
      return pop(d.rm.reg);
    case Op::SubImm:
    case Op::AddImm:
      if (d.rm.is_memory || d.rm.reg != x64::rsp)
        break;
      state_.rsp += d.op == Op::AddImm ? static_cast<i64>(d.imm) : -static_cast<i64>(d.imm);
      return;
    case Op::MovLoad:
      if (d.reg != x64::rbp || d.rm.is_memory || d.rm.reg != x64::rsp)
        break;
      state_.rbp = state_.rsp;
      state_.in_register[rbp_index] = false;
      return;
    case Op::Lea: // a system pad sets the stack pointer from rbp
      if (d.reg != x64::rsp || d.rm.memory.base != x64::rbp || d.rm.memory.index != x64::no_register)
        break;
      state_.rsp = state_.rbp + d.rm.memory.disp;
      return;
    case Op::RetNear:
      return leave_function();
    case Op::Ud2:
      goes_on_ = false;
      return;
    case Op::JmpRel:
      goes_on_ = false;
      return jump(d.imm);
    case Op::JccRel:
      return jump(d.imm);
    case Op::JmpRm: // in the body: a switch
      goes_on_ = false;
      if (state_.rsp == -8)
        leave_function();
      else if (!(state_ == body_))
        fault(here_, "a switch outside the body");
      return;
    default:
      break;
    }
    const x64::TableRow &row = x64::row(d.op);
    if (x64::writes(row.reg) && !x64::is_float(row.reg) && d.reg != x64::no_register)
      write(d.reg);
    if (x64::writes(row.rm) && !x64::is_float(row.rm) && !d.rm.is_memory && d.rm.reg != x64::no_register)
      write(d.rm.reg);
  }

  std::span<const u8> code_;
  ModelResult out_;
  FrameState body_, state_;
  bool is_body_ = false, goes_on_ = true;
  u32 here_ = 0, next_ = 0;
};

} // namespace

ModelResult model_frames(std::span<const u8> code) { return Walk(code).run(); }

std::string disagreement(const FrameState &state, const image::CfiRow &row) {
  if (!row.has_cfa)
    return "the CFA is an expression";
  const i64 from_cfa = row.cfa_register == image::dwarf_rsp   ? state.rsp
                       : row.cfa_register == image::dwarf_rbp ? state.rbp
                                                              : 0;
  if (from_cfa == 0 || from_cfa + row.cfa_offset != 0)
    return fmt::format("CFA = {} + {}, but it is at {:+}", image::dwarf_register_name(row.cfa_register), row.cfa_offset,
                       -from_cfa);
  for (u32 k = 0; k < kept_count; ++k) {
    const image::CfiRule &rule = row.registers[dwarf[k]];
    const bool is_right = rule.kind == image::CfiRule::Same ? state.in_register[k]
                          : rule.kind == image::CfiRule::AtCfa
                              ? rule.offset != 0 && rule.offset == state.saved[k] && rule.offset >= state.rsp
                              : false;
    if (!is_right)
      return fmt::format("{}: {} {}, but it is saved at {}{}", image::dwarf_register_name(dwarf[k]),
                         rule.kind == image::CfiRule::Same ? "same" : "at CFA", rule.offset, state.saved[k],
                         state.in_register[k] ? " and still in its register" : "");
  }
  const image::CfiRule &address = row.registers[image::dwarf_return_address];
  if (address.kind != image::CfiRule::AtCfa || address.offset != -8)
    return "the return address";
  return {};
}

} // namespace trapeze::test
