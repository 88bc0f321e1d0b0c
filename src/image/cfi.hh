// Call frame information (`.eh_frame`): how to find the caller's frame and registers from any pc of a function. DWARF
// 5, section 6.4; Linux Standard Base, `.eh_frame`; System V ABI, AMD64 supplement (register numbers).
//
// Problem: debuggers, profilers and the system's unwinder stop anywhere, inside prologues and epilogues too.
// Idea: all functions share one frame layout (abi/convention.hh), so a function's FrameInfo and the places where its
// frame is torn down say everything; the rows are written from these when somebody asks, never by the compiler.
//
// One CIE `zPLR`: personality pcrel | indirect | sdata4 through a slot of 8 bytes that holds the address of
// `trapeze_personality`, LSDA and code pcrel | sdata4. One FDE for each function, its LSDA 0 where it has none; four
// zero bytes end the section. At entry CFA = rsp + 8 and the return address lies at CFA - 8. Then, for a function that
// saves rbx and has an instance slot, as an example:
//
//    0  push rbp           1: CFA = rsp + 16, rbp at CFA - 16
//    1  mov  rbp, rsp      4: CFA = rbp + 16
//    4  push r13           6: r13 at CFA - 24
//    6  push rbx           7: rbx at CFA - 32
//    7  sub  rsp, n           the body; cold code and pads have this state too
//       add  rsp, n
//       pop  rbx           behind it: rbx is in its register again
//       pop  r13           behind it: r13 is
//       pop  rbp           behind it: rbp is, CFA = rsp + 8
//       ret                behind it: the state of the body
#pragma once

#include "base/types.hh"
#include "image/code_image.hh"
#include "image/lsda.hh"

#include <array>
#include <span>
#include <string_view>
#include <vector>

namespace trapeze::image {

/// DWARF numbers of x64: rax rdx rcx rbx rsi rdi rbp rsp r8 ... r15, return address.
enum DwarfRegister : u8 {
  dwarf_rbx = 3,
  dwarf_rbp = 6,
  dwarf_rsp = 7,
  dwarf_r12 = 12,
  dwarf_r13,
  dwarf_r14,
  dwarf_r15
};
inline constexpr u8 dwarf_return_address = 16, dwarf_register_count = 17;
std::string_view dwarf_register_name(u8 reg);

struct EhFrame {
  enum class Target : u8 { Code, Lsda, PersonalitySlot };
  /// 4 bytes that hold the distance from themselves to `addend` behind the target's first byte.
  struct Reference {
    u32 offset;
    Target target;
    u32 addend;
  };
  std::vector<u8> bytes; ///< 8-aligned; references are 0 until `place`
  std::vector<Reference> references;
};

/// The four zero bytes at the end.
inline constexpr u32 eh_frame_end_size = 4;

EhFrame write_eh_frame(const ImageView &image, const LsdaTables &lsda);

/// Where the parts stand in memory (or in a file's address space).
struct EhAddresses {
  u64 eh_frame = 0, code = 0, lsda = 0, personality_slot = 0;
};
/// Writes the distances. False: one of them does not fit 32 bits.
bool place(EhFrame &frame, const EhAddresses &at);

/// The rules of one row.
struct CfiRule {
  enum Kind : u8 { Same, AtCfa, Undefined, Other } kind = Same; ///< Other: an expression or another register
  i64 offset = 0;                                               ///< AtCfa: saved at CFA + offset
  bool operator==(const CfiRule &) const = default;
};
struct CfiRow {
  u64 pc = 0;          ///< from here on, up to the next row
  bool has_cfa = true; ///< false: given by an expression
  u8 cfa_register = 0;
  i64 cfa_offset = 0;
  std::array<CfiRule, dwarf_register_count> registers{};
  bool same_rules(const CfiRow &other) const {
    return has_cfa == other.has_cfa && cfa_register == other.cfa_register && cfa_offset == other.cfa_offset &&
           registers == other.registers;
  }
};

/// An FDE with its rows, any producer's as far as the rules above say it.
struct CfiFunction {
  u64 begin = 0, end = 0;
  bool has_personality = false;
  u64 personality = 0; ///< address of the slot (indirect) or of the routine
  bool is_indirect = false;
  u64 lsda = 0;             ///< 0: none
  std::vector<CfiRow> rows; ///< ascending, the first at `begin`
  const CfiRow *row_at(u64 pc) const;
};

/// Reads a section that stands at `address`. False: broken or not understood; what was read until then is kept.
bool read_eh_frame(std::span<const u8> section, u64 address, std::vector<CfiFunction> &out);

} // namespace trapeze::image
