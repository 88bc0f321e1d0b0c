// Machine functions as text, before allocation (virtual registers) and after it (places, edits, roots).
//
//   b1 (v3:i64, v4:ref): depth 1, from b0 b2
//       slot0 -> r3                      ; an edit: i64 from slot 0 to register 3
//     12  add r3=v7, r1=v4, 16           ; the target's row
//       roots slot2                      ; references live across the call above
//     13  jmp b2
//       -> b2 (v7, v4)
#pragma once

#include "codegen/target.hh"

#include <string>

namespace trapeze::codegen {

using PrintInst = void (*)(const MFunction &m, u32 inst, const Allocation *a, std::string &out);

std::string print(const MFunction &m, const Allocation *a, PrintInst print_inst);

/// A row for targets without a printer of their own: flags and operands.
void print_generic(const MFunction &m, u32 inst, const Allocation *a, std::string &out);

std::string to_string(Place place);
const char *name(VKind kind);

} // namespace trapeze::codegen
