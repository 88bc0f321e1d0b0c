// What `--stop-after=validate` shows. A worked example:
//
//   function 0 "run": [i32] -> [i32]
//     locals i32 i32
//       3f  i32.const 0x0
//       41  block  [] -> [i32]
//       43    br_if 0  [i32]
//       45    drop  ; unreachable
#include "compile/print_operators.hh"

#include "base/assert.hh"
#include "wasm/opcodes.hh"

#include <fmt/format.h>

#include <iterator>

namespace trapeze::compile {
namespace {

using wasm::Imm;

std::string list(std::span<const wasm::ValType> types) {
  std::string out;
  for (wasm::ValType t : types)
    out += fmt::format("{}{}", out.empty() ? "" : " ", wasm::to_string(t));
  return fmt::format("[{}]", out);
}

/// What follows the mnemonic: one function per family of immediates.
std::string one_index(const validate::Operator &o) { return fmt::format(" {}", o.index); }
std::string two_indices(const validate::Operator &o) { return fmt::format(" {} {}", o.index, o.index2); }
std::string constant(const validate::Operator &o) { return fmt::format(" {:#x}", o.bits); }
std::string wide_constant(const validate::Operator &o) { return fmt::format(" {:#x} {:#x}", o.bits, o.bits2); }
std::string lane(const validate::Operator &o) { return fmt::format(" {}", o.lane); }
std::string type(const validate::Operator &o) { return fmt::format(" {}", wasm::to_string(o.type)); }
std::string target_type(const validate::Operator &o) { return fmt::format(" {}", wasm::to_string(o.type2)); }
std::string cast(const validate::Operator &o) {
  return fmt::format(" {} {} {}", o.index, wasm::to_string(o.type), wasm::to_string(o.type2));
}
std::string block(const validate::Operator &o) { return fmt::format("  {} -> {}", list(o.params), list(o.results)); }
std::string label(const validate::Operator &o) { return fmt::format(" {}  {}", o.index, list(o.label_types)); }

std::string label_table(const validate::Operator &o) {
  std::string out;
  for (u32 l : o.labels)
    out += fmt::format(" {}", l);
  return out + "  " + list(o.label_types);
}

std::string memory_access(const validate::Operator &o) {
  return fmt::format(" memory {} offset {:#x} align {}", o.index, o.memory_offset, 1u << o.align_log2);
}

std::string try_table(const validate::Operator &o) {
  std::string out = block(o);
  for (const validate::CatchClause &c : o.catches) {
    const char *ref = c.with_ref ? "_ref" : "";
    if (c.tag == ~0u)
      out += fmt::format(" (catch_all{} {})", ref, c.label);
    else
      out += fmt::format(" (catch{} {} {})", ref, c.tag, c.label);
  }
  return out;
}

using Print = std::string (*)(const validate::Operator &);

Print printer(Imm imm) {
  struct Row {
    Imm first, last;
    Print print;
  };
  static constexpr Row rows[] = {
      {Imm::Block, Imm::Block, block},
      {Imm::Label, Imm::Label, label},
      {Imm::LabelTable, Imm::LabelTable, label_table},
      {Imm::Func, Imm::Type, one_index},
      {Imm::TypeTable, Imm::TypeType, two_indices},
      {Imm::Local, Imm::Table, one_index},
      {Imm::TableTable, Imm::ElemTable, two_indices},
      {Imm::Elem, Imm::Memory, one_index},
      {Imm::MemoryMemory, Imm::DataMemory, two_indices},
      {Imm::Heap, Imm::Heap, type},
      {Imm::RefType, Imm::RefType, target_type},
      {Imm::CastBranch, Imm::CastBranch, cast},
      {Imm::SelectTypes, Imm::SelectTypes, type},
      {Imm::I32, Imm::F64, constant},
      {Imm::V128, Imm::Shuffle, wide_constant},
      {Imm::Lane, Imm::Lane, lane},
      {Imm::Tag, Imm::Tag, one_index},
      {Imm::TryTable, Imm::TryTable, try_table},
      {Imm::Delegate, Imm::Rethrow, one_index},
      {Imm::MemArg0, Imm::MemArgLane3, memory_access},
  };
  for (const Row &row : rows)
    if (imm >= row.first && imm <= row.last)
      return row.print;
  return [](const validate::Operator &) { return std::string(); };
}

bool opens(wasm::Opcode op) {
  using enum wasm::Opcode;
  return op == Block || op == Loop || op == If || op == Else || op == TryTable || op == Try || op == Catch ||
         op == CatchAll;
}

bool closes(wasm::Opcode op) {
  using enum wasm::Opcode;
  return op == End || op == Else || op == Catch || op == CatchAll || op == Delegate;
}

class PrintSink {
public:
  explicit PrintSink(std::string &out) : out_(out) {}

  void locals(const validate::Locals &l) {
    if (!l.types.empty()) {
      out_ += "  locals";
      for (wasm::ValType t : l.types)
        fmt::format_to(std::back_inserter(out_), " {}", wasm::to_string(t));
      out_ += '\n';
    }
  }

  void op(const validate::Operator &o) {
    const wasm::OpcodeRow &row = wasm::row(o.code);
    if (closes(o.code) && depth_ > 0)
      --depth_;
    fmt::format_to(std::back_inserter(out_), "{:6x}  {:{}}{}{}", o.offset, "", 2 * depth_, row.text,
                   printer(row.imm)(o));
    if (o.hinted)
      out_ += o.likely ? "  ; likely" : "  ; unlikely";
    out_ += o.reachable ? "\n" : "  ; unreachable\n";
    if (opens(o.code))
      ++depth_;
  }

private:
  std::string &out_;
  u32 depth_ = 0;
};

} // namespace

void print_operators(const wasm::Module &m, const wasm::Features &features, u32 func, std::string &out) {
  PrintSink sink(out);
  Result<void> valid = validate::body(m, features, func, sink);
  ASSERT(valid.has_value());
}

} // namespace trapeze::compile
