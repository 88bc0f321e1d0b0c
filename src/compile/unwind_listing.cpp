// `trapeze objdump --eh`: what the tables say about an image, function by function. Rows of the image are what the
// engine's own search reads; LSDA and CFI are written, read back, and shown as read.
//
//   func[1] safe: code +0x30..+0x7a, frame 48, saves rbx r12 r14 r15, instance slot
//     region 0: catch $refused -> pad +0x5e; system pad +0x6c
//     call-site wasm 0x5c code +0x4f -> pad +0x5e catch $refused
//     LSDA at +0x0, 80 bytes
//       +0x30..+0x4e  -
//       +0x4e..+0x4f  system pad +0x6c, action 1
//       action 1: filter 1 catch $refused, end
//     CFI
//       +0x30  CFA rsp+8   ra CFA-8
//       ...
//
// Offsets are those of the code as `objdump -d` lists it; a call site is named by its return address.
#include "base/assert.hh"
#include "compile/compile.hh"
#include "compile/listing.hh"
#include "image/cfi.hh"
#include "image/lsda.hh"

#include <fmt/format.h>

#include <iterator>
#include <map>

namespace trapeze::compile {
namespace {

using image::FunctionRow;
using image::ImageView;
using Out = std::back_insert_iterator<std::string>;

class Listing {
public:
  Listing(const wasm::Module &m, const ImageView &image) : m_(m), image_(image), names_(m) {}

  std::string run() {
    read_tables();
    fmt::format_to(out_, "{} functions, {} regions, {} call sites; LSDA {} bytes, tags {} bytes, CFI {} bytes\n",
                   image_.functions.size(), image_.regions.size(), image_.calls.size(), lsda_.tags_offset,
                   lsda_.tags().size(), cfi_bytes_);
    for (u32 row = 0; row < image_.functions.size(); ++row)
      function(row);
    return std::move(text_);
  }

private:
  /// The code stands at 0, so that addresses are offsets; LSDA and .eh_frame behind it.
  void read_tables() {
    lsda_ = image::write_lsda(image_);
    image::EhFrame frame = image::write_eh_frame(image_, lsda_);
    cfi_bytes_ = frame.bytes.size();
    lsda_at_ = image_.code.size();
    const u64 at = (lsda_at_ + lsda_.bytes.size() + 7) & ~u64{7};
    const bool is_placed =
        place(frame, {.eh_frame = at, .code = 0, .lsda = lsda_at_, .personality_slot = at + cfi_bytes_});
    const bool is_read = image::read_eh_frame(frame.bytes, at, cfi_);
    ASSERT(is_placed && is_read && cfi_.size() == image_.functions.size());
  }

  void function(u32 index) {
    const FunctionRow &row = image_.functions[index];
    fmt::format_to(out_, "\n{}\n", function_title(names_, row));
    regions(index);
    for (; next_call_ < image_.calls.size() && image_.calls[next_call_].function == index; ++next_call_)
      call_site(image_.calls[next_call_]);
    lsda(index);
    cfi(cfi_[index]);
  }

  void regions(u32 index) {
    const u32 end = index + 1 < image_.functions.size() ? image_.functions[index + 1].first_region
                                                        : static_cast<u32>(image_.regions.size());
    for (u32 r = image_.functions[index].first_region; r < end; ++r) {
      const image::Region &region = image_.regions[r];
      text_ += region_text(m_, image_, r);
      if (region.system_pad != 0)
        fmt::format_to(out_, "; system pad +{:#x}", region.system_pad);
      text_ += '\n';
    }
  }

  /// The innermost region that catches anything; no_region: none.
  u32 catching(u32 region) const {
    while (region != image::no_region && image_.regions[region].clause_count == 0)
      region = image_.regions[region].parent;
    return region;
  }

  void call_site(const image::CallSiteRow &call) {
    text_ += "  call-site";
    if (u32 wasm = image_.wasm_offset(call.return_offset - 1); wasm != ~0u)
      fmt::format_to(out_, " wasm {:#x}", wasm);
    fmt::format_to(out_, " code +{:#x}", call.return_offset);
    const u32 region = catching(call.region);
    if (region != image::no_region) {
      const image::Region &row = image_.regions[region];
      for (u32 c = 0; c < row.clause_count; ++c) {
        const image::Clause &clause = image_.clauses[row.first_clause + c];
        fmt::format_to(out_, "{} pad +{:#x} {}", c == 0 ? " ->" : ",", clause.pad, clause_text(m_, clause));
      }
      if (u32 outer = catching(row.parent); outer != image::no_region)
        fmt::format_to(out_, ", then region {}", outer);
    }
    text_ += '\n';
  }

  void lsda(u32 index) {
    const u32 at = lsda_.offset_of[index];
    if (at == image::no_lsda)
      return;
    const u32 base = image_.functions[index].code_offset;
    const image::LsdaReader reader(lsda_.areas().subspan(at), lsda_.tags());
    fmt::format_to(out_, "  LSDA at +{:#x}, {} bytes\n", at, reader.size());
    std::map<u32, std::string> actions; // by head
    for (u32 i = 0; i < reader.record_count(); ++i) {
      image::LsdaReader::Record r;
      const bool is_read = reader.record(i, r);
      ASSERT(is_read);
      fmt::format_to(out_, "    +{:#x}..+{:#x}", base + r.start, base + r.start + r.length);
      if (r.call.landing_pad == 0)
        text_ += "  -\n";
      else
        fmt::format_to(out_, "  system pad +{:#x}, action {}\n", base + r.call.landing_pad, r.call.action);
      note_actions(index, reader, r.call.action, actions);
    }
    for (const auto &[head, text] : actions)
      fmt::format_to(out_, "    action {}: {}\n", head, text);
  }

  /// Up to a record that has been noted: chains share their ends.
  void note_actions(u32 index, const image::LsdaReader &reader, u32 action, std::map<u32, std::string> &actions) {
    const u32 first = image_.regions[image_.functions[index].first_region].first_clause;
    image::LsdaClause clause;
    image::LsdaReader::Chain chain = reader.chain(action);
    for (u32 head = action; head != 0 && !actions.contains(head) && chain.next(clause); head = chain.position()) {
      const image::Clause &row = image_.clauses[first + clause.filter - 1];
      const std::string next = chain.position() == 0 ? "end" : fmt::format("next {}", chain.position());
      actions[head] =
          fmt::format("filter {} {}, {}", clause.filter, clause_text(m_, {clause.tag, 0, row.with_ref}), next);
    }
  }

  void cfi(const image::CfiFunction &f) {
    text_ += "  CFI\n";
    for (const image::CfiRow &row : f.rows) {
      fmt::format_to(out_, "    +{:#x}  CFA {}+{}", row.pc, image::dwarf_register_name(row.cfa_register),
                     row.cfa_offset);
      for (u8 reg = 0; reg < image::dwarf_register_count; ++reg)
        if (row.registers[reg].kind == image::CfiRule::AtCfa)
          fmt::format_to(out_, "  {} CFA{:+}", image::dwarf_register_name(reg), row.registers[reg].offset);
      text_ += '\n';
    }
  }

  const wasm::Module &m_;
  const ImageView image_;
  wasm::FuncNames names_;
  image::LsdaTables lsda_;
  u64 lsda_at_ = 0, cfi_bytes_ = 0;
  std::vector<image::CfiFunction> cfi_;
  usize next_call_ = 0;
  std::string text_;
  Out out_{text_};
};

} // namespace

std::string list_unwind_tables(const wasm::Module &m, const ImageView &image) { return Listing(m, image).run(); }

} // namespace trapeze::compile
