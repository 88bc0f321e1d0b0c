// The text of each stage: golden test, bug report and teaching material at once (--stop-after).
//
// `emit` prints the machine code of each function, with what the tables say in the margin:
//
//   function 3 "parse": 212 bytes, frame 48, saves rbx r12 r14 r15, instance slot
//       0: push rbp
//      1a: call +0x...            ; call region 0, roots [-24]        wasm 0x1f3
//      40: ud2                    ; trap unreachable
//      52:                        ; pad of region 0: catch tag 1
#include "abi/traps.hh"
#include "codegen/print.hh"
#include "compile/all_functions.hh"
#include "compile/compile.hh"
#include "compile/native_target.hh"
#include "compile/print_operators.hh"
#include "ir/print.hh"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

namespace trapeze::compile {
namespace {

using image::CompiledFunction;
using Out = std::back_insert_iterator<std::string>;

void print_clause(const image::Clause &clause, u32 region, Out out) {
  if (clause.tag == image::catch_all_tag)
    fmt::format_to(out, "        ; pad of region {}: catch_all{}\n", region, clause.with_ref ? "_ref" : "");
  else
    fmt::format_to(out, "        ; pad of region {}: catch{} tag {}\n", region, clause.with_ref ? "_ref" : "",
                   clause.tag);
}

/// What the tables say of the instruction at [offset, end).
class Margin {
public:
  explicit Margin(const CompiledFunction &f) : f_(f) {
    for (u32 r = 0; r < f.regions.size(); ++r)
      for (u32 c = 0; c < f.regions[r].clause_count; ++c)
        pads_.push_back({r, f.regions[r].first_clause + c});
    std::ranges::stable_sort(pads_, {}, [&](const Pad &pad) { return f.clauses[pad.clause].pad; });
  }

  void before(u32 offset, Out out) {
    for (; pad_ < pads_.size() && f_.clauses[pads_[pad_].clause].pad <= offset; ++pad_)
      print_clause(f_.clauses[pads_[pad_].clause], pads_[pad_].region, out);
  }

  void behind(u32 offset, u32 end, Out out) {
    const char *separator = "  ; ";
    auto note = [&](const std::string &text) {
      fmt::format_to(out, "{}{}", separator, text);
      separator = ", ";
    };
    for (; relocation_ < f_.relocations.size() && f_.relocations[relocation_].offset < end; ++relocation_)
      note(fmt::format("function {}", f_.relocations[relocation_].func));
    for (; trap_ < f_.traps.size() && f_.traps[trap_].offset < end; ++trap_)
      note(fmt::format("trap {}", abi::message(f_.traps[trap_].code)));
    for (; call_ < f_.calls.size() && f_.calls[call_].return_offset <= end; ++call_)
      note(call_text(f_.calls[call_]));
    for (; address_ < f_.addresses.size() && f_.addresses[address_].code_offset <= offset; ++address_)
      if (u32 position = f_.addresses[address_].position; abi::is_inlined(position)) {
        const abi::InlinedPosition &row = f_.inlined[abi::inlined_row(position)];
        note(fmt::format("wasm {:#x} of function {}", row.wasm_offset, row.func));
      } else if (position != abi::no_position) {
        note(fmt::format("wasm {:#x}", position));
      }
  }

private:
  std::string call_text(const image::CallSite &call) const {
    std::string text = "call";
    if (call.region != image::no_region)
      text += fmt::format(" in region {}", call.region);
    for (u32 i = 0; i < call.slot_count; ++i)
      text += fmt::format("{}{}", i == 0 ? ", roots " : " ", f_.ref_slots[call.first_slot + i]);
    return text;
  }

  struct Pad {
    u32 region, clause;
  };
  const CompiledFunction &f_;
  std::vector<Pad> pads_; ///< by offset
  usize pad_ = 0, relocation_ = 0, trap_ = 0, call_ = 0, address_ = 0;
};

/// `function 3 "parse"`; the name is the name section's, else an export's.
std::string title(const wasm::Module &m, u32 func) {
  std::string_view name = m.names.funcs().find(func);
  for (usize i = 0; name.empty() && i < m.exports.size(); ++i)
    if (m.exports[i].kind == wasm::ExternKind::Func && m.exports[i].index == func)
      name = m.exports[i].name;
  return name.empty() ? fmt::format("function {}", func) : fmt::format("function {} \"{}\"", func, name);
}

void print_code(const wasm::Module &m, const CompiledFunction &f, const codegen::Target &target, std::string &text) {
  Out out = std::back_inserter(text);
  static constexpr const char *saved[] = {" rbx", " r12", " r14", " r15"};
  fmt::format_to(out, "{}: {} bytes, frame {}", title(m, f.func), f.code.size(), f.frame.size);
  if (f.frame.saved_mask != 0)
    text += ", saves";
  for (u32 i = 0; i < std::size(saved); ++i)
    if (f.frame.saved_mask >> i & 1)
      text += saved[i];
  text += f.frame.has_instance_slot ? ", instance slot\n" : "\n";
  for (u32 r = 0; r < f.regions.size(); ++r)
    if (f.regions[r].parent != image::no_region)
      fmt::format_to(out, "  region {} in region {}\n", r, f.regions[r].parent);
  Margin margin(f);
  std::string line;
  for (u32 offset = 0; offset < f.code_size;) {
    margin.before(offset, out);
    line.clear();
    u32 length = target.disassemble({f.code.data(), f.code_size}, offset, line);
    if (length == 0) {
      line = fmt::format(".byte {:#04x}", f.code[offset]);
      length = 1;
    }
    fmt::format_to(out, "{:6x}: {:<40}", offset, line);
    margin.behind(offset, offset + length, out);
    while (text.back() == ' ')
      text.pop_back();
    text += '\n';
    offset += length;
  }
  for (usize at = f.code_size; at < f.code.size(); ++at)
    fmt::format_to(out, "{}{:02x}",
                   (at - f.code_size) % 16 == 0 ? (at == f.code_size ? "  constants\n   " : "\n   ") : " ", f.code[at]);
  if (f.code.size() > f.code_size)
    text += '\n';
}

std::string print(const translate::ModuleContext &context, u32 func, const Workspace &ws, Stage stage) {
  const wasm::Module &m = context.module;
  const codegen::Target &target = **native_target();
  std::string text;
  switch (stage) {
  case Stage::Validate:
    text = fmt::format("{}: {}\n", title(m, func), wasm::to_string(m.func_type(func)));
    print_operators(m, context.features, func, text);
    break;
  case Stage::Translate:
  case Stage::Opt:
    ir::print(ws.ir, text);
    break;
  case Stage::Lower:
  case Stage::Regalloc:
    text = title(m, func) + "\n";
    text += codegen::print(ws.machine, stage == Stage::Regalloc ? &ws.allocation : nullptr, target.print);
    break;
  case Stage::Emit:
    print_code(m, ws.out, target, text);
    break;
  }
  return text;
}

} // namespace

Result<std::string> dump(const wasm::Module &m, const Options &options, Stage stop_after) {
  TRY(validate::module(m, options.features));
  const translate::ModuleContext context = module_context(m, options);
  std::vector<std::string> texts(m.funcs.size() - m.imported_funcs);
  TRY(all_functions(context, options, stop_after, [&](u32 item, Workspace &ws) {
    texts[item] = print(context, m.imported_funcs + item, ws, stop_after);
  }));
  std::string all;
  for (const std::string &text : texts)
    all += text;
  return all;
}

} // namespace trapeze::compile
