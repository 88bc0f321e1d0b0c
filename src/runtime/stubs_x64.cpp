// The offsets of stub_offsets.hh are those of the structures.
#include "runtime/stubs.hh"

#include "runtime/heap.hh"
#include "runtime/host_function.hh"
#include "runtime/stub_offsets.hh"
#include "unwind/code_map.hh"
#include "unwind/frame_x64.hh"

#include <array>
#include <bit>
#include <cstddef>

namespace trapeze::runtime {

static_assert(ENTRY_FRAME_MXCSR == unwind::entry_frame_mxcsr);
static_assert(offsetof(abi::StoreContext, pending) == STORE_PENDING);
static_assert(offsetof(abi::StoreContext, exit_fp) == STORE_EXIT_FP);
static_assert(offsetof(abi::StoreContext, current_exn) == STORE_CURRENT_EXN);
static_assert(offsetof(abi::StoreContext, collects_always) == STORE_CURRENT_EXN + 4);
static_assert(offsetof(abi::StoreContext, current_tag) == STORE_CURRENT_TAG);
static_assert(offsetof(abi::StoreContext, throws_slowly) == STORE_THROWS_SLOWLY);
static_assert(offsetof(abi::StoreContext, payload) == STORE_PAYLOAD);
static_assert(offsetof(abi::StoreContext, throws) == STORE_THROWS);
static_assert(offsetof(abi::InstanceContext, heap_base) == CONTEXT_HEAP_BASE);
static_assert(offsetof(abi::InstanceContext, code) == CONTEXT_CODE);
static_assert(offsetof(ExceptionObject, field_count) == EXN_FIELD_COUNT);
static_assert(offsetof(ExceptionObject, tag) == EXN_TAG);
static_assert(offsetof(ExceptionObject, fields) == EXN_FIELDS);
static_assert(offsetof(unwind::LoadedImage, base) == IMAGE_BASE);
static_assert(offsetof(unwind::LoadedImage, size) == IMAGE_SIZE);
static_assert(offsetof(unwind::LoadedImage, call_hash) == IMAGE_CALLS);
static_assert(offsetof(unwind::LoadedImage, call_hash_shift) == IMAGE_SHIFT);
static_assert(offsetof(unwind::LoadedImage, tags_offset) == IMAGE_TAGS);
static_assert(offsetof(unwind::LoadedImage, tags_end) == IMAGE_TAGS_END);
static_assert(offsetof(image::HandledCall, call_end) == CALL_END);
static_assert(offsetof(image::HandledCall, tag_at) == CALL_TAG_AT);
static_assert(offsetof(image::HandledCall, pad) == CALL_PAD);
static_assert(sizeof(image::HandledCall) == 1 << CALL_SIZE_LOG2);
static_assert((std::bit_cast<std::array<u32, 4>>(image::HandledCall{0, 0, 0, 0, 1})[CALL_REGION / 4]) == 1u << 31);
static_assert(image::call_hash(2, 0) == 2 * CALL_HASH_FACTOR);
static_assert(offsetof(Registers, ints) == REGS_INTS);
static_assert(offsetof(Registers, floats) == REGS_FLOATS);
static_assert(offsetof(Registers, int_results) == REGS_INT_RESULTS);
static_assert(offsetof(Registers, float_results) == REGS_FLOAT_RESULTS);
static_assert(sizeof(Registers) == REGS_SIZE);
static_assert(static_cast<u32>(FloatUse::Scalars) == FLOATS_SCALARS && FloatUse::Vectors > FloatUse::Scalars);
static_assert(offsetof(HostFunction, context) == 0);
static_assert(offsetof(HostFunction, entry) == HOST_ENTRY);
static_assert(offsetof(HostFunction, float_params) == HOST_FLOAT_PARAMS);
static_assert(offsetof(HostFunction, float_results) == HOST_FLOAT_RESULTS);
static_assert(offsetof(Activation, entry_fp) == ACTIVATION_ENTRY_FP);
static_assert(offsetof(unwind::Landing, pc) == LANDING_PC);
static_assert(offsetof(unwind::Landing, fp) == LANDING_FP);
static_assert(offsetof(unwind::Landing, sp) == LANDING_SP);
static_assert(sizeof(unwind::Landing) <= LANDING_ROOM && LANDING_ROOM % 16 == 0);

} // namespace trapeze::runtime
