#include "image/cfi.hh"

#include "base/assert.hh"

#include <cstring>

namespace trapeze::image {
namespace {

constexpr u8 pcrel_sdata4 = 0x1b, indirect = 0x80;
constexpr i64 data_alignment = -8;

// DW_CFA_*; the first three carry an operand in their low bits.
constexpr u8 advance_loc = 0x40, offset = 0x80, restore = 0xc0;
constexpr u8 advance_loc1 = 0x02, advance_loc2 = 0x03, advance_loc4 = 0x04;
constexpr u8 remember_state = 0x0a, restore_state = 0x0b;
constexpr u8 def_cfa = 0x0c, def_cfa_register = 0x0d, def_cfa_offset = 0x0e;

/// A callee-saved register in the order of the pushes behind `mov rbp, rsp`, and the size of its push and of its pop.
struct Saved {
  u8 reg, size;
};
constexpr Saved instance_slot{dwarf_r13, 2};
constexpr Saved saved_registers[] = {{dwarf_rbx, 1}, {dwarf_r12, 2}, {dwarf_r14, 2}, {dwarf_r15, 2}};
constexpr u32 mark_size = 4, push_rbp_size = 1, move_rbp_size = 3;
constexpr u32 saved_above = 2; ///< words between the CFA and the first pushed register: return address, rbp

/// What a frame pushes, in order.
struct Pushes {
  Saved list[5];
  u32 count = 0;

  explicit Pushes(const FrameInfo &frame) {
    if (frame.has_instance_slot)
      list[count++] = instance_slot;
    for (u32 k = 0; k < std::size(saved_registers); ++k)
      if (frame.saved_mask >> k & 1)
        list[count++] = saved_registers[k];
  }
};

class Writer {
public:
  Writer(const ImageView &image, const LsdaTables &lsda) : image_(image), lsda_(lsda) {}

  EhFrame run() {
    out_.bytes.reserve(64 * (image_.functions.size() + 1));
    cie();
    for (u32 row = 0; row < image_.functions.size(); ++row)
      fde(row);
    put32(0);
    return std::move(out_);
  }

private:
  u32 size() const { return static_cast<u32>(out_.bytes.size()); }
  void put(u8 v) { out_.bytes.push_back(v); }
  void put32(u32 v) {
    for (u32 i = 0; i < 4; ++i)
      put(static_cast<u8>(v >> (8 * i)));
  }
  void put_uleb(u32 v) {
    for (; v >= 0x80; v >>= 7)
      put(static_cast<u8>(v | 0x80));
    put(static_cast<u8>(v));
  }
  void refer(EhFrame::Target target, u32 addend) {
    out_.references.push_back({size(), target, addend});
    put32(0);
  }

  /// Length first: nops up to a multiple of 8 of the whole record.
  void finish(u32 start) {
    while (size() % 8 != 0)
      put(0);
    const u32 length = size() - start - 4;
    std::memcpy(out_.bytes.data() + start, &length, 4);
  }

  void cie() {
    put32(0);
    put32(0); // this is a CIE
    put(1);   // version
    for (char c : {'z', 'P', 'L', 'R', '\0'})
      put(static_cast<u8>(c));
    put(1);                     // code alignment
    put(data_alignment & 0x7f); // one group of sleb128
    put(dwarf_return_address);
    put(7); // augmentation data: 1 + 4 + 1 + 1
    put(indirect | pcrel_sdata4);
    refer(EhFrame::Target::PersonalitySlot, 0);
    put(pcrel_sdata4); // LSDA
    put(pcrel_sdata4); // code
    put(def_cfa), put(dwarf_rsp), put(8);
    put(offset | dwarf_return_address), put(1);
    finish(0);
  }

  void fde(u32 row) {
    const FunctionRow &function = image_.functions[row];
    const u32 start = size();
    put32(0);
    put32(size()); // back to the CIE, which is at 0
    refer(EhFrame::Target::Code, function.code_offset);
    put32(function.code_size);
    put(4);
    if (lsda_.offset_of[row] == no_lsda)
      put32(0);
    else
      refer(EhFrame::Target::Lsda, lsda_.offset_of[row]);
    here_ = 0;
    prologue(function.frame);
    for (const Epilogue &place : image_.epilogues_of(row))
      epilogue(function, place);
    finish(start);
  }

  void advance(u32 to) {
    const u32 distance = to - here_;
    here_ = to;
    if (distance < 64) {
      put(static_cast<u8>(advance_loc | distance));
    } else if (distance < 0x100) {
      put(advance_loc1), put(static_cast<u8>(distance));
    } else if (distance < 0x10000) {
      put(advance_loc2), put(static_cast<u8>(distance)), put(static_cast<u8>(distance >> 8));
    } else {
      put(advance_loc4), put32(distance);
    }
  }

  void prologue(const FrameInfo &frame) {
    u32 at = (frame.has_branch_mark ? mark_size : 0) + push_rbp_size;
    advance(at);
    put(def_cfa_offset), put(16);
    put(offset | dwarf_rbp), put(saved_above);
    advance(at += move_rbp_size);
    put(def_cfa_register), put(dwarf_rbp);
    const Pushes pushes(frame);
    for (u32 k = 0; k < pushes.count; ++k) {
      advance(at += pushes.list[k].size);
      put(static_cast<u8>(offset | pushes.list[k].reg)), put(static_cast<u8>(saved_above + 1 + k));
    }
  }

  void epilogue(const FunctionRow &function, const Epilogue &place) {
    const Pushes pushes(function.frame);
    const u32 rest = function.frame.size - 8 * pushes.count;
    const bool is_last = place.end - function.code_offset >= function.text_size;
    u32 at = place.begin - function.code_offset + (rest == 0 ? 0 : rest < 128 ? 4 : 7); // add rsp, rest
    if (!is_last)
      put(remember_state);
    for (u32 k = pushes.count; k-- > 0;) {
      advance(at += pushes.list[k].size);
      put(static_cast<u8>(restore | pushes.list[k].reg));
    }
    advance(at + push_rbp_size);
    put(restore | dwarf_rbp);
    put(def_cfa), put(dwarf_rsp), put(8);
    if (is_last)
      return;
    advance(place.end - function.code_offset);
    put(restore_state);
  }

  const ImageView image_;
  const LsdaTables &lsda_;
  EhFrame out_;
  u32 here_ = 0; ///< offset in the function that the rows have come to
};

} // namespace

std::string_view dwarf_register_name(u8 reg) {
  static constexpr std::string_view names[] = {"rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8",
                                               "r9",  "r10", "r11", "r12", "r13", "r14", "r15", "ra"};
  return reg < std::size(names) ? names[reg] : "?";
}

EhFrame write_eh_frame(const ImageView &image, const LsdaTables &lsda) { return Writer(image, lsda).run(); }

bool place(EhFrame &frame, const EhAddresses &at) {
  for (const EhFrame::Reference &r : frame.references) {
    const u64 base = r.target == EhFrame::Target::Code   ? at.code
                     : r.target == EhFrame::Target::Lsda ? at.lsda
                                                         : at.personality_slot;
    const i64 distance = static_cast<i64>(base + r.addend - (at.eh_frame + r.offset));
    const i32 written = static_cast<i32>(distance);
    if (written != distance)
      return false;
    std::memcpy(frame.bytes.data() + r.offset, &written, 4);
  }
  return true;
}

} // namespace trapeze::image
