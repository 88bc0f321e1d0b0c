// The text form of a function: complete, and `parse` reads it back to the same text.
//
//   function 3 sig0
//     sig0 = (i32, i64) -> (f32)
//     slot0: i32
//     region0: entry block1, catch 2 -> block4, catch_all_ref -> block5
//     region1: parent region0, entry block2
//   block0(v0: i32, v1: i64):
//     v3: i32 = add v0, v2
//     v5: i32 = load v4+16, size 4, memory, trap MemoryOutOfBounds, keep
//     store v4+8, v5, size 4, memory, trap MemoryOutOfBounds
//     v6: f32 = call 7 sig1 (v3, v5) region0
//     branch v6, block2, block3 likely
//   block4 pad cold:
//     ...
//
// Blocks stand in layout order, or by number as long as there is no layout. A value is named by its row.
#pragma once

#include "ir/function.hh"

#include <string>

namespace trapeze::ir {

void print(const Function &fn, std::string &out);
/// One instruction, without indent and newline.
void print(const Function &fn, Inst inst, std::string &out);

} // namespace trapeze::ir
