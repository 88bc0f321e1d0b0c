// Register roles of x64 (abi/convention.hh). r13 is the instance, rbp the frame, rsp the stack; r11 and
// xmm15 belong to moves between instructions and to sequences inside one; all others are allocated.
#pragma once

#include "codegen/machine.hh"

namespace trapeze::x64 {

enum Gpr : u8 { rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15 };

using codegen::bit;
using codegen::float_reg;
using codegen::int_reg;
using codegen::PReg;
using codegen::RegSet;

inline constexpr Gpr int_params[] = {rdi, rsi, rdx, rcx, r8, r9};
inline constexpr Gpr int_results[] = {rax, rdx};
inline constexpr Gpr saved_regs[] = {rbx, r12, r14, r15}; ///< in the order of FrameInfo::saved_mask

inline constexpr Gpr instance_reg = r13;
inline constexpr Gpr scratch = r11;
inline constexpr u8 float_scratch = 15;
inline constexpr Gpr tail_code = rax;
inline constexpr Gpr tail_context = r10;

inline constexpr RegSet callee_saved = bit(int_reg(rbx)) | bit(int_reg(r12)) | bit(int_reg(r14)) | bit(int_reg(r15));
inline constexpr RegSet caller_saved = bit(int_reg(rax)) | bit(int_reg(rcx)) | bit(int_reg(rdx)) | bit(int_reg(rsi)) |
                                       bit(int_reg(rdi)) | bit(int_reg(r8)) | bit(int_reg(r9)) | bit(int_reg(r10)) |
                                       RegSet{0x7fff} << 32;

} // namespace trapeze::x64
