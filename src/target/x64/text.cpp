// Printing of instructions and of rows of machine form.
#include "target/x64/text.hh"

#include "base/assert.hh"
#include "target/x64/registers.hh"

#include <fmt/format.h>
#include <iterator>

namespace trapeze::x64 {

using namespace codegen;

void append_register(std::string &out, u8 reg, Width w, bool is_float) {
  static constexpr const char *legacy[4][8] = {{"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"},
                                               {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"},
                                               {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"},
                                               {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"}};
  static constexpr const char *suffix[] = {"b", "w", "d", ""};
  if (is_float)
    fmt::format_to(std::back_inserter(out), "xmm{}", reg);
  else if (reg < 8)
    out += legacy[static_cast<u32>(w)][reg];
  else
    fmt::format_to(std::back_inserter(out), "r{}{}", reg, suffix[static_cast<u32>(w)]);
}

void append_size(std::string &out, u32 bytes) {
  out += bytes == 1    ? "byte ptr "
         : bytes == 2  ? "word ptr "
         : bytes == 4  ? "dword ptr "
         : bytes == 8  ? "qword ptr "
         : bytes == 16 ? "xmmword ptr "
                       : "";
}

void append_mnemonic(std::string &out, Op op, Width w, Cond cc) {
  const TableRow &r = row(op);
  out += r.text;
  if (r.prefix == Prefix::Scalar || r.prefix == Prefix::Packed)
    out += w == Width::W32 ? 's' : 'd';
  if (r.flags & HasCond)
    out += text(cc);
}

i64 displayed_imm(Op op, Width w, u64 imm) {
  switch (row(op).imm) {
  case Imm::Ib:
    return op == Op::PushImm ? static_cast<i8>(imm) : static_cast<u8>(imm);
  case Imm::Rel32:
    return static_cast<i32>(imm);
  case Imm::Iv:
    return w == Width::W64 ? static_cast<i64>(imm) : static_cast<i32>(imm);
  default:
    // LLVM's habit: an immediate as wide as its operand is unsigned, a sign-extended one signed.
    if (w == Width::W8)
      return static_cast<i8>(imm);
    if (w == Width::W64 ||
        (row(op).imm == Imm::Alu && fits_signed(w == Width::W16 ? static_cast<i16>(imm) : static_cast<i32>(imm), 8)))
      return static_cast<i32>(imm);
    return w == Width::W16 ? static_cast<u16>(imm) : static_cast<i64>(static_cast<u32>(imm));
  }
}

static Width width_for(u32 bytes, Width w) {
  return bytes == 1 ? Width::W8 : bytes == 2 ? Width::W16 : bytes == 4 ? Width::W32 : bytes == 8 ? Width::W64 : w;
}

static u32 memory_bytes(const TableRow &r, Width w) {
  return r.rm == Field::Addr ? 0 : r.rm_bytes != 0 ? r.rm_bytes : bytes_of(w);
}

static void append_disp(std::string &out, i64 disp, bool first) {
  if (first)
    fmt::format_to(std::back_inserter(out), "{}", disp);
  else if (disp != 0)
    fmt::format_to(std::back_inserter(out), " {} {}", disp < 0 ? '-' : '+', disp < 0 ? -disp : disp);
}

static void append_memory(std::string &out, const Memory &m) {
  out += '[';
  bool first = true;
  if (m.base == rip_register) {
    out += "rip";
    first = false;
  } else if (m.base != no_register) {
    append_register(out, m.base, Width::W64, false);
    first = false;
  }
  if (m.index != no_register) {
    if (!first)
      out += " + ";
    if (m.scale_log2 != 0)
      fmt::format_to(std::back_inserter(out), "{}*", 1 << m.scale_log2);
    append_register(out, m.index, Width::W64, false);
    first = false;
  }
  append_disp(out, m.disp, first);
  out += ']';
}

void print(const Decoded &d, std::string &out) {
  const TableRow &r = row(d.op);
  append_mnemonic(out, d.op, d.width, d.cc);
  const char *separator = " ";
  auto put_reg = [&] {
    if (r.reg == Field::None)
      return;
    out += separator;
    append_register(out, d.reg, d.width, is_float(r.reg));
    separator = ", ";
  };
  auto put_rm = [&] {
    if (r.rm == Field::None)
      return;
    out += separator;
    if (d.rm.is_memory) {
      append_size(out, memory_bytes(r, d.width));
      append_memory(out, d.rm.memory);
    } else {
      append_register(out, d.rm.reg, width_for(r.rm_bytes, d.width), is_float(r.rm));
    }
    separator = ", ";
  };
  auto put_third = [&] {
    out += separator;
    append_register(out, static_cast<u8>(d.imm), d.width, false);
    separator = ", ";
  };
  if (r.flags & RmFirst) {
    put_rm();
    put_reg();
  } else {
    put_reg();
    if (r.flags & VFirst)
      put_third();
    put_rm();
  }
  if (r.imm == Imm::V) {
    if (!(r.flags & VFirst))
      put_third();
  } else if (r.imm == Imm::Cl)
    fmt::format_to(std::back_inserter(out), "{}cl", separator);
  else if (r.imm != Imm::NoImm)
    fmt::format_to(std::back_inserter(out), "{}{}", separator, displayed_imm(d.op, d.width, d.imm));
}

namespace {

/// Prints one row of machine form; keeps its place in the operand list.
class RowPrinter {
public:
  RowPrinter(const MFunction &m, const MInst &inst, const Allocation *a, std::string &out)
      : m_(m), inst_(inst), a_(a), out_(out) {}
  void run();

private:
  void table_row(Op op);
  void pseudo_row(Op op);
  void operand(u32 i, Width w);
  void address();
  void separate() {
    out_ += first_ ? " " : ", ";
    first_ = false;
  }

  const MFunction &m_;
  const MInst &inst_;
  const Allocation *a_;
  std::string &out_;
  u32 next_ = 0;
  bool first_ = true;
};

void RowPrinter::operand(u32 i, Width w) {
  const Operand &o = m_.operands[inst_.first_operand + i];
  VKind kind = m_.vregs[o.vreg].kind;
  if (!a_) {
    fmt::format_to(std::back_inserter(out_), "%{}", base::index_of(o.vreg));
    if (o.constraint == Constraint::Fixed) {
      out_ += ':';
      append_register(out_, static_cast<u8>(hw(o.fixed())), Width::W64, class_of(o.fixed()) == RegClass::Float);
    }
    return;
  }
  Place p = a_->operands[inst_.first_operand + i];
  if (p.is_reg())
    append_register(out_, static_cast<u8>(hw(p.preg())), w, class_of(kind) == RegClass::Float);
  else if (p.is_slot())
    fmt::format_to(std::back_inserter(out_), "slot{}", p.index);
  else
    out_ += '-'; // a definition that is repeated at its uses instead
}

void RowPrinter::address() {
  Mode mode = mode_of(inst_);
  if (mode == Mode::Pool) {
    fmt::format_to(std::back_inserter(out_), "[const {:#x}]", inst_.imm);
    return;
  }
  if (mode == Mode::Slot) {
    fmt::format_to(std::back_inserter(out_), "[home{}]", inst_.disp);
    return;
  }
  out_ += '[';
  bool first = true;
  if (mode == Mode::Inst || mode == Mode::InstIndex) {
    out_ += "r13";
    first = false;
  }
  if (mode == Mode::Base || mode == Mode::BaseIndex) {
    operand(next_++, Width::W64);
    first = false;
  }
  if (mode == Mode::BaseIndex || mode == Mode::Index || mode == Mode::InstIndex) {
    if (!first)
      out_ += " + ";
    if (inst_.scale_log2 != 0)
      fmt::format_to(std::back_inserter(out_), "{}*", 1 << inst_.scale_log2);
    operand(next_++, Width::W64);
    first = false;
  }
  append_disp(out_, inst_.disp, first);
  out_ += ']';
}

void RowPrinter::table_row(Op op) {
  const TableRow &r = row(op);
  Width w = width_of(inst_);
  append_mnemonic(out_, op, w, cond_of(inst_));
  if (!a_ && r.wide != Wide::Fixed) // names of virtual registers do not tell it
    fmt::format_to(std::back_inserter(out_), ".{}", bits_of(w));
  u32 def = 0;
  while (def < inst_.operand_count && m_.operands[inst_.first_operand + def].role == Role::Use)
    ++def;
  // The reg field's use comes first in the operand list, whatever the order in text.
  std::string reg_text;
  if (r.reg != Field::None) {
    std::swap(out_, reg_text);
    operand(reads(r.reg) ? next_++ : def, w);
    std::swap(out_, reg_text);
  }
  auto put_reg = [&] {
    if (r.reg == Field::None)
      return;
    separate();
    out_ += reg_text;
  };
  if (!(r.flags & RmFirst))
    put_reg();
  auto put_third = [&](u32 i) {
    separate();
    operand(i, w);
  };
  if (r.flags & VFirst)
    put_third(r.flags & VDef ? def : def - 1);
  if (r.rm != Field::None) {
    separate();
    if (mode_of(inst_) != Mode::Reg) {
      append_size(out_, memory_bytes(r, w));
      address();
    } else {
      operand(reads(r.rm) ? next_++ : def, width_for(r.rm_bytes, w));
    }
  }
  if (r.flags & RmFirst)
    put_reg();
  if (r.imm == Imm::V) {
    if (!(r.flags & VFirst))
      put_third(next_++);
  } else if (r.imm == Imm::Cl) {
    separate();
    operand(next_++, Width::W8);
  } else if (r.imm != Imm::NoImm)
    fmt::format_to(std::back_inserter(out_), "{}{}", first_ ? " " : ", ", displayed_imm(op, w, inst_.imm));
  // Without places the result of a row that modifies its operand has a name of its own.
  if (!a_ && (r.reg == Field::GMod || r.reg == Field::XMod || (mode_of(inst_) == Mode::Reg && r.rm == Field::GMod))) {
    out_ += " -> ";
    operand(def, w);
  }
}

void RowPrinter::pseudo_row(Op op) {
  out_ += pseudo_text(op);
  if (op == Op::Branch || op == Op::TrapIf || op == Op::SetCond || op == Op::FloatSelect || op == Op::CmovPair)
    fmt::format_to(std::back_inserter(out_), ".{}", text(cond_of(inst_)));
  Width w = width_of(inst_);
  bool arrow = false;
  for (u32 i = 0; i < inst_.operand_count; ++i) {
    bool is_def = m_.operands[inst_.first_operand + i].role == Role::Def;
    if (is_def && !arrow) {
      out_ += " ->";
      first_ = arrow = true;
    }
    separate();
    operand(i, w);
  }
  if (op == Op::Const || op == Op::Call || op == Op::ReturnCall || op == Op::CallBuiltin)
    fmt::format_to(std::back_inserter(out_), " #{}", static_cast<i64>(inst_.imm));
  if ((inst_.flags & is_call) && inst_.region != ~0u)
    fmt::format_to(std::back_inserter(out_), " region {}", inst_.region);
  if (op == Op::TrapIf || op == Op::Trap)
    fmt::format_to(std::back_inserter(out_), " trap {}", static_cast<u32>(inst_.trap));
}

void RowPrinter::run() {
  Op op = op_of(inst_);
  if (is_pseudo(op))
    pseudo_row(op);
  else
    table_row(op);
}

} // namespace

void print_row(const MFunction &m, u32 inst, const Allocation *a, std::string &out) {
  RowPrinter(m, m.insts[inst], a, out).run();
}

u32 disassemble(std::span<const u8> code, u32 offset, std::string &out) {
  Decoded d;
  if (!decode(code, offset, d))
    return 0;
  const TableRow &r = row(d.op);
  if (r.imm == Imm::Rel32) {
    append_mnemonic(out, d.op, d.width, d.cc);
    fmt::format_to(std::back_inserter(out), " {:#x}", offset + d.length + static_cast<i64>(d.imm));
  } else {
    print(d, out);
    if (d.rm.is_memory && d.rm.memory.base == rip_register)
      fmt::format_to(std::back_inserter(out), " # {:#x}", i64{offset} + d.length + d.rm.memory.disp);
  }
  return d.length;
}

} // namespace trapeze::x64
