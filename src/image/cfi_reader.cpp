// Reader of `.eh_frame` (cfi.hh): records, then the rows that a program of call frame instructions builds.
#include "image/cfi.hh"

#include <algorithm>
#include <cstring>

namespace trapeze::image {
namespace {

/// Bytes with a place in memory; a read outside makes it bad for good.
struct Cursor {
  std::span<const u8> bytes;
  u64 address = 0; ///< of bytes[0]
  u64 at = 0;
  bool is_good = true;

  bool at_end() const { return at >= bytes.size(); }
  u64 read(u32 size) {
    if (bytes.size() - std::min<u64>(at, bytes.size()) < size) {
      is_good = false;
      at = bytes.size();
      return 0;
    }
    u64 v = 0;
    std::memcpy(&v, bytes.data() + at, size);
    at += size;
    return v;
  }
  u64 uleb() {
    u64 v = 0;
    for (u32 shift = 0; is_good; shift += 7) {
      const u64 byte = read(1);
      if (shift < 64)
        v |= (byte & 0x7f) << shift;
      if (!(byte & 0x80))
        break;
    }
    return v;
  }
  i64 sleb() {
    u64 v = 0, byte = 0x80;
    u32 shift = 0;
    for (; is_good && (byte & 0x80); shift += 7) {
      byte = read(1);
      if (shift < 64)
        v |= (byte & 0x7f) << shift;
    }
    if (shift < 64 && (byte & 0x40))
      v |= ~u64{0} << shift;
    return static_cast<i64>(v);
  }
  void skip(u64 size) {
    if (size > bytes.size() - std::min<u64>(at, bytes.size()))
      is_good = false;
    at = is_good ? at + size : bytes.size();
  }
  /// A pointer in one of the encodings DW_EH_PE_*; 0 stays 0 whatever it is relative to.
  u64 pointer(u8 encoding) {
    const u64 here = address + at;
    u64 v = 0;
    switch (encoding & 0x0f) {
    case 0x00: // absptr
    case 0x04: // udata8
    case 0x0c: // sdata8
      v = read(8);
      break;
    case 0x03: // udata4
      v = read(4);
      break;
    case 0x0b: // sdata4
      v = static_cast<u64>(i64{static_cast<i32>(read(4))});
      break;
    default:
      is_good = false;
    }
    if ((encoding & 0x70) == 0x10) // pcrel
      return v == 0 ? 0 : v + here;
    is_good &= (encoding & 0x70) == 0;
    return v;
  }
};

struct Cie {
  u64 code_alignment = 1;
  i64 data_alignment = 1;
  u8 code_encoding = 0, lsda_encoding = 0xff;
  bool has_augmentation = false;
  bool has_personality = false, is_indirect = false;
  u64 personality = 0;
  std::span<const u8> program;
};

bool read_cie(Cursor c, Cie &out) {
  const u64 version = c.read(1);
  const void *zero = c.at_end() ? nullptr : std::memchr(c.bytes.data() + c.at, 0, c.bytes.size() - c.at);
  if (zero == nullptr || (version != 1 && version != 3))
    return false;
  const std::string_view augmentation{reinterpret_cast<const char *>(c.bytes.data() + c.at),
                                      static_cast<const char *>(zero)};
  c.skip(augmentation.size() + 1);
  out.code_alignment = c.uleb();
  out.data_alignment = c.sleb();
  if ((version == 1 ? c.read(1) : c.uleb()) != dwarf_return_address)
    return false;
  out.has_augmentation = augmentation.starts_with('z');
  if (!augmentation.empty() && !out.has_augmentation)
    return false;
  const u64 size = out.has_augmentation ? c.uleb() : 0;
  const u64 program = c.at + size;
  for (char letter : augmentation) {
    if (letter == 'P') {
      const u8 encoding = static_cast<u8>(c.read(1));
      out.has_personality = true;
      out.is_indirect = encoding & 0x80;
      out.personality = c.pointer(encoding & 0x7f);
    } else if (letter == 'L') {
      out.lsda_encoding = static_cast<u8>(c.read(1));
    } else if (letter == 'R') {
      out.code_encoding = static_cast<u8>(c.read(1));
    } else if (letter != 'z' && letter != 'S') {
      return false;
    }
  }
  if (!c.is_good || program > c.bytes.size())
    return false;
  out.program = c.bytes.subspan(program);
  return true;
}

/// Runs the programs of a CIE and an FDE.
class Machine {
public:
  Machine(const Cie &cie, u64 begin) : cie_(cie) { row_.pc = begin; }

  bool run(std::span<const u8> program, std::vector<CfiRow> *rows) {
    rows_ = rows;
    Cursor c{program};
    while (c.is_good && !c.at_end())
      if (!step(c))
        return false;
    if (rows == nullptr)
      initial_ = row_;
    else
      flush();
    return c.is_good;
  }

private:
  /// Rows that say the same are one; of several at one pc the last counts.
  void flush() {
    while (!rows_->empty() && rows_->back().pc >= row_.pc)
      rows_->pop_back();
    if (rows_->empty() || !rows_->back().same_rules(row_))
      rows_->push_back(row_);
  }
  bool advance(u64 by) {
    if (rows_ == nullptr)
      return false;
    flush();
    row_.pc += by * cie_.code_alignment;
    return true;
  }
  bool set(u64 reg, CfiRule rule) {
    if (reg < dwarf_register_count)
      row_.registers[reg] = rule;
    return true;
  }
  /// Broken bytes may ask for any product.
  i64 scaled(i64 factored) const {
    return static_cast<i64>(static_cast<u64>(factored) * static_cast<u64>(cie_.data_alignment));
  }
  bool at_cfa(u64 reg, i64 factored) { return set(reg, {CfiRule::AtCfa, scaled(factored)}); }
  bool restore(u64 reg) { return set(reg, reg < dwarf_register_count ? initial_.registers[reg] : CfiRule{}); }
  bool cfa(u64 reg, i64 offset) {
    row_.has_cfa = true;
    row_.cfa_register = static_cast<u8>(reg);
    row_.cfa_offset = offset;
    return true;
  }
  bool restore_state() {
    if (states_.empty())
      return false;
    const u64 pc = row_.pc;
    row_ = states_.back();
    row_.pc = pc;
    states_.pop_back();
    return true;
  }

  bool step(Cursor &c) {
    const u8 byte = static_cast<u8>(c.read(1)), low = byte & 0x3f;
    switch (byte & 0xc0) {
    case 0x40:
      return advance(low);
    case 0x80:
      return at_cfa(low, static_cast<i64>(c.uleb()));
    case 0xc0:
      return restore(low);
    }
    u64 reg = 0;
    switch (byte) {
    case 0x00: // nop
      return true;
    case 0x02:
      return advance(c.read(1));
    case 0x03:
      return advance(c.read(2));
    case 0x04:
      return advance(c.read(4));
    case 0x05: // offset_extended
      reg = c.uleb();
      return at_cfa(reg, static_cast<i64>(c.uleb()));
    case 0x06: // restore_extended
      return restore(c.uleb());
    case 0x07:
      return set(c.uleb(), {CfiRule::Undefined});
    case 0x08:
      return set(c.uleb(), {});
    case 0x09: // register
      reg = c.uleb();
      c.uleb();
      return set(reg, {CfiRule::Other});
    case 0x0a:
      states_.push_back(row_);
      return true;
    case 0x0b:
      return restore_state();
    case 0x0c: // def_cfa
      reg = c.uleb();
      return cfa(reg, static_cast<i64>(c.uleb()));
    case 0x0d: // def_cfa_register
      return cfa(c.uleb(), row_.cfa_offset);
    case 0x0e: // def_cfa_offset
      return cfa(row_.cfa_register, static_cast<i64>(c.uleb()));
    case 0x0f: // def_cfa_expression
      row_.has_cfa = false;
      c.skip(c.uleb());
      return true;
    case 0x10: // expression
    case 0x16: // val_expression
      reg = c.uleb();
      c.skip(c.uleb());
      return set(reg, {CfiRule::Other});
    case 0x11: // offset_extended_sf
      reg = c.uleb();
      return at_cfa(reg, c.sleb());
    case 0x12: // def_cfa_sf
      reg = c.uleb();
      return cfa(reg, scaled(c.sleb()));
    case 0x13: // def_cfa_offset_sf
      return cfa(row_.cfa_register, scaled(c.sleb()));
    case 0x2e: // GNU_args_size
      c.uleb();
      return true;
    default:
      return false;
    }
  }

  const Cie &cie_;
  CfiRow row_, initial_;
  std::vector<CfiRow> states_;
  std::vector<CfiRow> *rows_ = nullptr; ///< null while the CIE's program runs
};

bool read_fde(Cursor c, const Cie &cie, CfiFunction &out) {
  out.begin = c.pointer(cie.code_encoding);
  out.end = out.begin + c.pointer(cie.code_encoding & 0x0f);
  out.has_personality = cie.has_personality;
  out.is_indirect = cie.is_indirect;
  out.personality = cie.personality;
  if (cie.has_augmentation) {
    const u64 size = c.uleb(), program = c.at + size;
    if (cie.lsda_encoding != 0xff && size != 0)
      out.lsda = c.pointer(cie.lsda_encoding);
    c.is_good &= program >= c.at;
    c.at = program;
  }
  if (!c.is_good || c.at > c.bytes.size())
    return false;
  Machine machine(cie, out.begin);
  return machine.run(cie.program, nullptr) && machine.run(c.bytes.subspan(c.at), &out.rows);
}

} // namespace

const CfiRow *CfiFunction::row_at(u64 pc) const {
  if (pc < begin || pc >= end)
    return nullptr;
  auto behind = std::partition_point(rows.begin(), rows.end(), [&](const CfiRow &row) { return row.pc <= pc; });
  return behind == rows.begin() ? nullptr : &*(behind - 1);
}

bool read_eh_frame(std::span<const u8> section, u64 address, std::vector<CfiFunction> &out) {
  u64 at = 0;
  Cie cie;
  u64 cie_at = ~u64{0};
  while (section.size() - at >= 4) {
    Cursor head{section, address, at};
    const u64 length = head.read(4);
    if (length == 0)
      return true;
    const u64 next = head.at + length;
    if (length < 4 || next > section.size())
      return false;
    const u64 id_at = head.at, id = head.read(4);
    if (id != 0) {
      const u64 wanted = id_at - id;
      if (id > id_at || section.size() - wanted < 8)
        return false;
      if (wanted != cie_at) {
        Cursor c{section, address, wanted};
        const u64 size = c.read(4), limit = c.at + size;
        if (limit > section.size() || c.read(4) != 0)
          return false;
        cie = {};
        cie_at = wanted;
        if (!read_cie({section.first(limit), address, c.at}, cie))
          return false;
      }
      out.emplace_back();
      if (!read_fde({section.first(next), address, head.at}, cie, out.back())) {
        out.pop_back();
        return false;
      }
    }
    at = next;
  }
  return at == section.size();
}

} // namespace trapeze::image
