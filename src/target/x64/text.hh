// Instructions as text (Intel syntax, as LLVM prints it) and back from bytes, both from the table.
#pragma once

#include "target/x64/encode.hh"

#include <span>
#include <string>

namespace trapeze::x64 {

/// An instruction with its operands, as `encode` takes them.
struct Decoded {
  Op op{};
  Width width = Width::W32;
  u8 reg = no_register;
  Rm rm;
  u64 imm = 0;
  Cond cc = Cond::O;
  u32 length = 0;
};

/// False for bytes that are no row of the table.
bool decode(std::span<const u8> code, u32 offset, Decoded &out);
void print(const Decoded &d, std::string &out);

void append_register(std::string &out, u8 reg, Width w, bool is_float);
/// "dword ptr " and its like; nothing for 0.
void append_size(std::string &out, u32 bytes);
/// The mnemonic with its width or condition suffix.
void append_mnemonic(std::string &out, Op op, Width w, Cond cc);
/// The immediate as the instruction sees it.
i64 displayed_imm(Op op, Width w, u64 imm);

/// codegen::Target::print and ::disassemble.
void print_row(const codegen::MFunction &m, u32 inst, const codegen::Allocation *a, std::string &out);
u32 disassemble(std::span<const u8> code, u32 offset, std::string &out);

} // namespace trapeze::x64
