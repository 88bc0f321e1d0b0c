// Table-driven encoder: one function turns a row and its operands into bytes. Intel SDM volume 2, chapter 2:
// [prefixes] [REX] [map] opcode [ModRM [SIB] [displacement]] [immediate].
//
// Example: add rax, qword ptr [rbx + 4*rcx + 16]  =  48 03 44 8b 10
//          REX.W, opcode 03, ModRM mod=01 reg=000 rm=100, SIB scale=10 index=001 base=011, disp8
//
//   VEX takes the place of mandatory prefix, REX and map, and names a third register (vvvv), all but W and pp inverted:
//   C4  RXB.map(5)  W.vvvv.L.pp  opcode ...       shlx eax, ecx, edx  =  c4 e2 69 f7 c1
#pragma once

#include "codegen/code_buffer.hh"
#include "target/x64/insts.hh"

namespace trapeze::x64 {

inline constexpr u8 no_register = 0xff;
inline constexpr u8 rip_register = 0xfe;

struct Memory {
  u8 base = no_register; ///< hardware number, no_register or rip_register
  u8 index = no_register;
  u8 scale_log2 = 0;
  i32 disp = 0;
};

/// The rm operand: a register or memory.
struct Rm {
  bool is_memory = false;
  u8 reg = no_register;
  Memory memory;

  static Rm of(u8 reg) { return {false, reg, {}}; }
  static Rm of(Memory m) { return {true, no_register, m}; }
};

struct Encoded {
  u32 start, end;
  u32 rip_field = ~0u; ///< offset of a rip-relative displacement, which counts from `end`
};

/// `reg` of a PlusReg row goes into `rm`. The third register of an Imm::V row is `imm`. Relative jumps take the
/// displacement in `imm`.
Encoded encode(codegen::CodeBuffer &out, Op op, Width w, u8 reg, const Rm &rm, u64 imm = 0, Cond cc = Cond::O);

/// Whether `value` is the sign extension of its low `bits`.
constexpr bool fits_signed(i64 value, u32 bits) {
  return value >= -(i64{1} << (bits - 1)) && value < (i64{1} << (bits - 1));
}

} // namespace trapeze::x64
