// The allocator's passes over one workspace, in order (regalloc.hh says what each is for).
#pragma once

#include "codegen/regalloc/regalloc.hh"

namespace trapeze::codegen {

void build_bundles(const MFunction &m, Workspace &ws);
void allocate_in_one_pass(const MFunction &m, const RegisterFile &registers, Workspace &ws, Allocation &out);
void solve(const MFunction &m, const RegisterFile &registers, AllocationMode mode, Workspace &ws, Allocation &out);
void assign_slots(const MFunction &m, Workspace &ws, Allocation &out);
void resolve(const MFunction &m, const RegisterFile &registers, Workspace &ws, Allocation &out);
void drop_redundant_edits(const MFunction &m, const RegisterFile &registers, Workspace &ws, Allocation &out);

} // namespace trapeze::codegen
