// The handlers that handlers.cpp puts into the table, by family. Each checks and types walker.op; names are the
// operators'. Not for other rooms.
#pragma once

#include "validate/walker.hh"

namespace trapeze::validate {

// control.cpp
void unreachable(Walker &w);
void block(Walker &w);
void if_(Walker &w);
void else_(Walker &w);
void end(Walker &w);
void br(Walker &w);
void br_if(Walker &w);
void br_table(Walker &w);
void return_(Walker &w);
void call(Walker &w);
void call_indirect(Walker &w);
void call_ref(Walker &w);
void return_call(Walker &w);
void return_call_indirect(Walker &w);
void return_call_ref(Walker &w);

/// Enters a block of type w.op.block.
void enter_block(Walker &w, FrameKind kind);
/// Checks the results of the innermost frame and describes it in w.op.
void leave_frame(Walker &w);

// exceptions.cpp
void throw_(Walker &w);
void throw_ref(Walker &w);
void try_table(Walker &w);
void try_(Walker &w);
void catch_(Walker &w);
void catch_all(Walker &w);
void rethrow(Walker &w);
void delegate(Walker &w);

// variables.cpp
void drop(Walker &w);
void select(Walker &w);
void select_t(Walker &w);
void local_get(Walker &w);
void local_set(Walker &w);
void local_tee(Walker &w);
void global_get(Walker &w);
void global_set(Walker &w);
void table_get(Walker &w);
void table_set(Walker &w);
void table_grow(Walker &w);
void table_fill(Walker &w);
void table_copy(Walker &w);
void memory_copy(Walker &w);

// plain.cpp: operators whose signature stands in opcodes.def, by kind of immediate
void plain(Walker &w);
void memory_access(Walker &w);
void memory_lane_access(Walker &w);
void atomic_access(Walker &w);
void lane(Walker &w);
void shuffle(Walker &w);
void memory_operator(Walker &w);
void memory_init(Walker &w);
void table_size(Walker &w);
void table_init(Walker &w);
void data_drop(Walker &w);
void elem_drop(Walker &w);

// references.cpp
void ref_null(Walker &w);
void ref_is_null(Walker &w);
void ref_func(Walker &w);
void ref_eq(Walker &w);
void ref_as_non_null(Walker &w);
void br_on_null(Walker &w);
void br_on_non_null(Walker &w);
void ref_test(Walker &w);
void ref_cast(Walker &w);
void br_on_cast(Walker &w);
void br_on_cast_fail(Walker &w);
void any_convert_extern(Walker &w);
void extern_convert_any(Walker &w);
void ref_i31(Walker &w);
void i31_get(Walker &w);

// aggregates.cpp
void struct_new(Walker &w);
void struct_new_default(Walker &w);
void struct_get(Walker &w);
void struct_set(Walker &w);
void array_new(Walker &w);
void array_new_default(Walker &w);
void array_new_fixed(Walker &w);
void array_new_data(Walker &w);
void array_new_elem(Walker &w);
void array_get(Walker &w);
void array_set(Walker &w);
void array_len(Walker &w);
void array_fill(Walker &w);
void array_copy(Walker &w);
void array_init_data(Walker &w);
void array_init_elem(Walker &w);

} // namespace trapeze::validate
