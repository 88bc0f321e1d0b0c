// Every row of the instruction table against LLVM's disassembler: same length, same text. Then our own
// decoder against the encoder. Compiled in when CMake finds LLVM (the decoder check always runs).
#include "target/x64/text.hh"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#ifdef TRAPEZE_TEST_LLVM
#include <llvm-c/Disassembler.h>
#include <llvm-c/Target.h>
#endif

using namespace trapeze;
using namespace trapeze::x64;

namespace {

std::vector<Memory> memories() {
  std::vector<Memory> all;
  for (u8 base : {0, 3, 4, 5, 8, 12, 13, 15})
    for (i32 disp : {0, 1, -128, 127, 128, -129, 0x12345678})
      all.push_back({base, no_register, 0, disp});
  for (u8 base : {0, 4, 5, 12, 13, 15})
    for (u8 index : {0, 1, 5, 8, 12, 13})
      for (u8 scale : {0, 1, 2, 3})
        all.push_back({base, index, scale, index % 2 == 0 ? 16 : scale == 0 ? 0 : -4096});
  for (u8 index : {1, 5, 12, 13})
    all.push_back({no_register, index, 3, 64});
  all.push_back({no_register, no_register, 0, 4096});
  all.push_back({rip_register, no_register, 0, 64});
  return all;
}

std::vector<u64> immediates(Imm kind, Width w) {
  switch (kind) {
  case Imm::NoImm:
  case Imm::Cl:
    return {0};
  case Imm::Ib:
    return {0, 1, 31, 127};
  case Imm::V: // a register
    return {0, 3, 5, 8, 12, 15};
  case Imm::Rel32:
    return {0, 1000, static_cast<u64>(-1000)};
  case Imm::Iv:
    return w == Width::W64 ? std::vector<u64>{1, 0x7fffffffffffffff, 0x8000000000000000}
                           : std::vector<u64>{0, 5, 0x7fffffff};
  default:
    if (w == Width::W8)
      return {0, 1, 127, static_cast<u64>(-128)};
    if (w == Width::W16)
      return {0, 127, static_cast<u64>(-128), 128, 32767, static_cast<u64>(-32768)};
    return {0, 127, static_cast<u64>(-128), 128, static_cast<u64>(-129), 0x7fffffff, static_cast<u64>(-0x80000000ll)};
  }
}

/// Calls `visit` for many operand combinations of one row.
template <typename Visit> void each_case(Op op, Visit visit) {
  const TableRow &r = row(op);
  std::vector<u8> regs;
  for (u8 i = 0; i < 16; ++i)
    regs.push_back(i);
  std::vector<u8> reg_fields = r.reg == Field::None ? std::vector<u8>{no_register} : regs;
  for (u32 wi = 0; wi < 4; ++wi) {
    if ((r.widths >> wi & 1) == 0)
      continue;
    Decoded d{.op = op, .width = static_cast<Width>(wi)};
    std::vector<u64> imms = immediates(r.imm, d.width);
    for (u32 cc = 0; cc < (r.flags & HasCond ? 16u : 1u); ++cc) {
      d.cc = static_cast<Cond>(cc);
      for (u8 reg : reg_fields) {
        d.reg = reg;
        if (r.rm == Field::None) {
          d.rm = Rm{};
          for (u64 imm : imms)
            d.imm = imm, visit(d);
          continue;
        }
        if (r.rm_form != RmForm::MemOnly)
          for (u8 rm : regs)
            for (u64 imm : imms)
              d.rm = Rm::of(rm), d.imm = imm, visit(d);
        if (r.rm_form != RmForm::RegOnly && (reg == no_register || reg % 5 == 0))
          for (const Memory &m : memories())
            for (u64 imm : {imms.front(), imms.back()})
              d.rm = Rm::of(m), d.imm = imm, visit(d);
      }
    }
  }
}

std::string shown(const Decoded &d) {
  std::string text;
  print(d, text);
  return text;
}

} // namespace

TEST_CASE("decoding gives back what was encoded") {
  for (u32 i = 0; i < inst_count; ++i) {
    u32 bad = 0, cases = 0;
    each_case(static_cast<Op>(i), [&](const Decoded &d) {
      codegen::CodeBuffer buffer;
      encode(buffer, d.op, d.width, d.reg, d.rm, d.imm, d.cc);
      Decoded back;
      ++cases;
      bool ok = decode(buffer.bytes, 0, back) && back.length == buffer.size() && shown(back) == shown(d);
      if (!ok && bad++ < 3)
        CHECK_MESSAGE(ok, shown(d), " decodes as ", shown(back));
    });
    CHECK(cases > 0);
    CHECK(bad == 0);
  }
}

#ifdef TRAPEZE_TEST_LLVM
TEST_CASE("LLVM reads the same instructions") {
  LLVMInitializeX86TargetInfo();
  LLVMInitializeX86TargetMC();
  LLVMInitializeX86Disassembler();
  LLVMDisasmContextRef context = LLVMCreateDisasmCPU("x86_64-linux-gnu", "x86-64-v3", nullptr, 0, nullptr, nullptr);
  REQUIRE(context != nullptr);
  LLVMSetDisasmOptions(context, LLVMDisassembler_Option_AsmPrinterVariant);
  for (u32 i = 0; i < inst_count; ++i) {
    u32 bad = 0;
    each_case(static_cast<Op>(i), [&](const Decoded &d) {
      codegen::CodeBuffer buffer;
      encode(buffer, d.op, d.width, d.reg, d.rm, d.imm, d.cc);
      char text[256] = "";
      u64 length = LLVMDisasmInstruction(context, buffer.bytes.data(), buffer.size(), 0, text, sizeof text);
      std::string theirs = text;
      theirs.erase(0, theirs.find_first_not_of('\t'));
      for (char &c : theirs)
        c = c == '\t' ? ' ' : c;
      bool ok = length == buffer.size() && theirs == shown(d);
      if (!ok && bad++ < 3)
        CHECK_MESSAGE(ok, "ours: ", shown(d), " (", buffer.size(), "), LLVM's: ", theirs, " (", length, ")");
    });
    CHECK(bad == 0);
  }
  LLVMDisasmDispose(context);
}
#endif
