// The offsets of stub_offsets.hh are those of the structures.
#include "runtime/stubs.hh"

#include "runtime/stub_offsets.hh"

#include <cstddef>

namespace trapeze::runtime {

static_assert(offsetof(abi::StoreContext, pending) == STORE_PENDING);
static_assert(offsetof(abi::StoreContext, exit_fp) == STORE_EXIT_FP);
static_assert(offsetof(abi::StoreContext, current_exn) == STORE_CURRENT_EXN);
static_assert(offsetof(abi::StoreContext, collects_always) == STORE_CURRENT_EXN + 4);
static_assert(offsetof(Registers, ints) == REGS_INTS);
static_assert(offsetof(Registers, floats) == REGS_FLOATS);
static_assert(offsetof(Registers, int_results) == REGS_INT_RESULTS);
static_assert(offsetof(Registers, float_results) == REGS_FLOAT_RESULTS);
static_assert(sizeof(Registers) == REGS_SIZE);
static_assert(offsetof(Activation, entry_fp) == ACTIVATION_ENTRY_FP);
static_assert(offsetof(unwind::Landing, pc) == LANDING_PC);
static_assert(offsetof(unwind::Landing, fp) == LANDING_FP);
static_assert(offsetof(unwind::Landing, sp) == LANDING_SP);
static_assert(sizeof(unwind::Landing) <= LANDING_ROOM && LANDING_ROOM % 16 == 0);

} // namespace trapeze::runtime
