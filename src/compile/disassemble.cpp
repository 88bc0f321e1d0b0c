// `trapeze objdump -d`: a linked image as text, the machine code interleaved with where it comes from. Everything is
// said by the image's tables; instructions are printed by the target's own table. A worked example:
//
//   func[1] safe: code +0x30..+0x7a, frame 48, saves rbx r12 r14 r15, instance slot
//     region 0: catch $refused -> pad +0x5e
//                                              wasm 0x5c  call
//         4a  e8b1ffffff      call 0x0         -> check; region 0
//       pad of region 0: catch $refused
//         5e  498b4500        mov rax, ...
//
// Numbers behind an offset are the instruction's bytes. What the table cannot decode shows as `.byte`, which a test
// takes for a fault; constants behind a function's code are listed as such.
#include "abi/builtins.hh"
#include "abi/traps.hh"
#include "abi/vmctx.hh"
#include "compile/compile.hh"
#include "compile/listing.hh"
#include "compile/native_target.hh"
#include "wasm/func_names.hh"
#include "wasm/opcodes.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

namespace trapeze::compile {
namespace {

using image::FunctionRow;
using image::ImageView;
using Out = std::back_insert_iterator<std::string>;

/// Rows of a table that is sorted by code offset, taken one by one as the listing goes on.
template <typename Row, u32 Row::*offset> class Rows {
public:
  explicit Rows(std::span<const Row> rows) : next_(rows.data()), end_(rows.data() + rows.size()) {}
  /// The next row below `bound`, or null.
  const Row *take(u32 bound) { return next_ != end_ && next_->*offset < bound ? next_++ : nullptr; }

private:
  const Row *next_, *end_;
};

class Listing {
public:
  Listing(const wasm::Module &m, const ImageView &image)
      : m_(m), image_(image), names_(m), target_(**native_target()), calls_(image.calls), traps_(image.traps),
        addresses_(image.addresses) {}
  std::string run();

private:
  struct Pad {
    u32 region;
    const image::Clause *clause;
  };

  void function(const FunctionRow &row);
  void collect_pads();
  void region_lines(const FunctionRow &row);
  void before(u32 offset);
  u32 instruction(u32 offset, u32 end);
  void notes(u32 end);
  std::string callee(u32 end) const;
  std::string builtin();
  void constants(u32 from, u32 to);
  std::string operator_at(u32 wasm_offset) const;

  const wasm::Module &m_;
  const ImageView image_;
  wasm::FuncNames names_;
  const codegen::Target &target_;
  Rows<image::CallSiteRow, &image::CallSiteRow::return_offset> calls_;
  Rows<image::TrapRow, &image::TrapRow::offset> traps_;
  Rows<image::AddressEntry, &image::AddressEntry::code_offset> addresses_;
  std::vector<Pad> pads_; ///< by offset
  usize next_pad_ = 0;
  std::string builtins_register_; ///< the one that holds the table of builtins
  std::string line_, text_;
  Out out_{text_};
};

/// Regions and their clauses stand in the order of functions; pads of one function need not stand in theirs.
void Listing::collect_pads() {
  for (u32 r = 0; r < image_.regions.size(); ++r)
    for (const image::Clause &clause : image_.clauses_of(image_.regions[r]))
      pads_.push_back({r, &clause});
  std::ranges::stable_sort(pads_, {}, [](const Pad &pad) { return pad.clause->pad; });
}

void Listing::region_lines(const FunctionRow &row) {
  bool is_last = &row == &image_.functions.back();
  u32 end = is_last ? static_cast<u32>(image_.regions.size()) : (&row + 1)->first_region;
  for (u32 r = row.first_region; r < end; ++r) {
    text_ += region_text(m_, image_, r);
    text_ += '\n';
  }
}

/// The mnemonic of the operator at an offset in the module; the offset came from decoding it.
std::string Listing::operator_at(u32 wasm_offset) const {
  if (m_.bytes == nullptr || wasm_offset >= m_.bytes->size()) // a saved module has no bodies
    return "?";
  const std::vector<u8> &bytes = *m_.bytes;
  wasm::Opcode code = wasm::find_one_byte_opcode(bytes[wasm_offset]);
  if (code == wasm::no_opcode) { // prefix, then a LEB128 number
    u32 number = 0;
    for (u32 i = 1, shift = 0; i <= 5 && wasm_offset + i < bytes.size(); ++i, shift += 7) {
      number |= u32{bytes[wasm_offset + i] & 0x7fu} << shift;
      if (bytes[wasm_offset + i] < 0x80)
        break;
    }
    code = wasm::find_opcode(u32{bytes[wasm_offset]} << 16 | number);
  }
  return code == wasm::no_opcode ? "?" : wasm::row(code).text;
}

void Listing::before(u32 offset) {
  while (const image::AddressEntry *entry = addresses_.take(offset + 1))
    if (const abi::InlinedPosition *row = image_.find_inlined(entry->position))
      fmt::format_to(out_, "{:>56}wasm {:#x}  {}  (inlined {})\n", "", row->wasm_offset, operator_at(row->wasm_offset),
                     names_[row->func]);
    else if (entry->position != abi::no_position)
      fmt::format_to(out_, "{:>56}wasm {:#x}  {}\n", "", entry->position, operator_at(entry->position));
  for (; next_pad_ < pads_.size() && pads_[next_pad_].clause->pad <= offset; ++next_pad_)
    fmt::format_to(out_, "  pad of region {}: {}\n", pads_[next_pad_].region,
                   clause_text(m_, *pads_[next_pad_].clause));
}

/// `-> name` for a direct call or jump to a function's first byte.
std::string Listing::callee(u32 end) const {
  if (!line_.starts_with("call 0x") && !line_.starts_with("jmp 0x"))
    return {};
  u32 target = static_cast<u32>(std::strtoul(line_.c_str() + line_.find("0x"), nullptr, 16));
  const FunctionRow *row = image_.find_function(target);
  return row != nullptr && row->code_offset == target && end != target ? "-> " + names_[row->func] : std::string();
}

/// `eax` and `rax`, `r10d` and `r10` alike.
std::string_view register_core(std::string_view name) {
  if (name.starts_with('r') || name.starts_with('e'))
    name.remove_prefix(1);
  if (name.size() > 1 && name[0] <= '9' && name.back() > '9')
    name.remove_suffix(1);
  return name;
}

/// The builtin that the line calls through the table of its instance: `mov rax, qword ptr [r13 + 16]` ... `call qword
/// ptr [rax + 96]`, with nothing written to the register between.
std::string Listing::builtin() {
  static const std::string load = fmt::format("qword ptr [r13 + {}]", offsetof(abi::InstanceContext, builtins));
  if (line_.starts_with("call qword ptr [") && !builtins_register_.empty()) {
    std::string_view address = std::string_view(line_).substr(16);
    std::string base = std::exchange(builtins_register_, {});
    if (!address.starts_with(base) || (address[base.size()] != ' ' && address[base.size()] != ']'))
      return {};
    usize plus = address.find("+ ");
    u64 slot = plus == address.npos ? 0 : std::strtoull(address.data() + plus + 2, nullptr, 10) / 8;
    return slot < abi::builtin_count ? fmt::format("builtin {}", abi::row(static_cast<abi::Builtin>(slot)).name)
           : slot == abi::cross_instance_tail_slot ? "builtin cross_instance_tail"
                                                   : std::string();
  }
  usize space = line_.find(' '), comma = line_.find(',');
  if (space == line_.npos || comma == line_.npos || comma < space)
    return {};
  std::string destination = line_.substr(space + 1, comma - space - 1);
  if (line_.starts_with("mov ") && line_.ends_with(load))
    builtins_register_ = destination;
  else if (register_core(destination) == register_core(builtins_register_))
    builtins_register_.clear();
  return {};
}

void Listing::notes(u32 end) {
  const char *separator = "  ; ";
  auto note = [&](const std::string &text) {
    fmt::format_to(out_, "{}{}", separator, text);
    separator = ", ";
  };
  if (std::string name = callee(end); !name.empty())
    note(name);
  if (std::string name = builtin(); !name.empty())
    note(name);
  while (const image::TrapRow *trap = traps_.take(end))
    note(fmt::format("trap {}", abi::message(trap->code)));
  while (const image::CallSiteRow *call = calls_.take(end + 1)) {
    note(call->region == image::no_region ? "call site" : fmt::format("call site in region {}", call->region));
    for (u32 i = 0; i < call->slot_count; ++i)
      note(fmt::format("root [rbp {:+}]", image_.slots_of(*call)[i]));
  }
}

u32 Listing::instruction(u32 offset, u32 end) {
  line_.clear();
  u32 length = target_.disassemble({image_.code.data(), end}, offset, line_);
  if (length == 0) {
    line_ = fmt::format(".byte {:#04x}", image_.code[offset]);
    length = 1;
  }
  std::string bytes;
  for (u32 i = offset; i < offset + length; ++i)
    fmt::format_to(std::back_inserter(bytes), "{:02x}", image_.code[i]);
  fmt::format_to(out_, "{:8x}  {:<22}  {:<44}", offset, bytes, line_);
  notes(offset + length);
  while (text_.back() == ' ')
    text_.pop_back();
  text_ += '\n';
  return length;
}

void Listing::constants(u32 from, u32 to) {
  for (u32 at = from; at < to; at += 16) {
    fmt::format_to(out_, "{:8x}  constants", at);
    for (u32 i = at; i < std::min(at + 16, to); ++i)
      fmt::format_to(out_, " {:02x}", image_.code[i]);
    text_ += '\n';
  }
}

void Listing::function(const FunctionRow &row) {
  builtins_register_.clear();
  fmt::format_to(out_, "\n{}\n", function_title(names_, row));
  region_lines(row);
  u32 end = row.code_offset + row.code_size, code_end = row.code_offset + row.text_size;
  for (u32 offset = row.code_offset; offset < code_end;) {
    before(offset);
    offset += instruction(offset, code_end);
  }
  constants(code_end, end);
}

std::string Listing::run() {
  collect_pads();
  fmt::format_to(out_, "{} functions, {} bytes of code, {} call sites, {} regions, {} trap sites\n",
                 image_.functions.size(), image_.code.size(), image_.calls.size(), image_.regions.size(),
                 image_.traps.size());
  for (const FunctionRow &row : image_.functions)
    function(row);
  return std::move(text_);
}

} // namespace

std::string disassemble(const wasm::Module &m, const image::ImageView &image) { return Listing(m, image).run(); }

} // namespace trapeze::compile
