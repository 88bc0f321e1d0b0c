// Conditions of integer compares: what holds exactly when another does not, and with operands exchanged.
// Float conditions have no inverse among themselves: with a NaN neither lt nor ge holds.
#pragma once

#include "ir/function.hh"

namespace trapeze::ir {

constexpr Cond inverse(Cond c) {
  constexpr Cond table[] = {Cond::Ne,  Cond::Eq,  Cond::GeS, Cond::GeU, Cond::LeS,
                            Cond::LeU, Cond::GtS, Cond::GtU, Cond::LtS, Cond::LtU};
  return table[static_cast<u32>(c)];
}

constexpr Cond swapped(Cond c) {
  constexpr Cond table[] = {Cond::Eq,  Cond::Ne,  Cond::GtS, Cond::GtU, Cond::LtS,
                            Cond::LtU, Cond::GeS, Cond::GeU, Cond::LeS, Cond::LeU};
  return table[static_cast<u32>(c)];
}

constexpr const char *text(Cond c) {
  constexpr const char *table[] = {"eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u"};
  return table[static_cast<u32>(c)];
}

constexpr const char *text(FloatCond c) {
  constexpr const char *table[] = {"eq", "ne", "lt", "gt", "le", "ge"};
  return table[static_cast<u32>(c)];
}

} // namespace trapeze::ir
