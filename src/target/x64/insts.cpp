// The table's storage and the names of conditions.
#include "target/x64/insts.hh"

#include "base/assert.hh"

namespace trapeze::x64 {

static constexpr TableRow rows[] = {
#define X64(id, text, prefix, map, opcode, digit, wide, widths, reg, rm, rm_form, rm_bytes, imm, flags)                \
  {text,      Prefix::prefix,  map,      opcode,   digit, Wide::wide, widths, Field::reg,                              \
   Field::rm, RmForm::rm_form, rm_bytes, Imm::imm, flags},
#include "target/x64/insts.def"
};

static constexpr const char *pseudo_names[] = {
#define PSEUDO(id, text) text,
#include "target/x64/pseudo.def"
};

const TableRow &row(Op op) {
  ASSERT(!is_pseudo(op));
  return rows[static_cast<u32>(op)];
}

const char *pseudo_text(Op op) {
  ASSERT(is_pseudo(op));
  return pseudo_names[static_cast<u32>(op) - inst_count];
}

const char *text(Cond c) {
  static constexpr const char *names[] = {"o",  "no", "b",  "ae", "e",  "ne", "be", "a",   "s",
                                          "ns", "p",  "np", "l",  "ge", "le", "g",  "feq", "fne"};
  return names[static_cast<u32>(c)];
}

} // namespace trapeze::x64
