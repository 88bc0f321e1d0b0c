// Offsets that the assembly stubs use, as macros because the assembler reads this file too; stubs_x64.cpp asserts them
// against the structures.
#pragma once

// abi::StoreContext
#define STORE_PENDING 16
#define STORE_EXIT_FP 24
#define STORE_CURRENT_EXN 32
#define STORE_CURRENT_TAG 40
#define STORE_THROWS_SLOWLY 56
#define STORE_PAYLOAD 16064
#define STORE_THROWS 32064

// abi::InstanceContext
#define CONTEXT_HEAP_BASE 24
#define CONTEXT_CODE 40

// runtime::ExceptionObject
#define EXN_FIELD_COUNT 12
#define EXN_TAG 16
#define EXN_FIELDS 32

// unwind::LoadedImage
#define IMAGE_BASE 0
#define IMAGE_SIZE 8
#define IMAGE_CALLS 16
#define IMAGE_SHIFT 24
#define IMAGE_TAGS 28
#define IMAGE_TAGS_END 32

// image::HandledCall; CALL_REGION's top bit is has_more
#define CALL_END 0
#define CALL_TAG_AT 4
#define CALL_PAD 8
#define CALL_REGION 12
#define CALL_SIZE_LOG2 4
#define CALL_HASH_FACTOR 0x9e3779b1

// runtime::Registers
#define REGS_INTS 0
#define REGS_FLOATS 48
#define REGS_INT_RESULTS 176
#define REGS_FLOAT_RESULTS 192
#define REGS_SIZE 224

// runtime::FloatUse
#define FLOATS_SCALARS 1

// runtime::HostFunction
#define HOST_ENTRY 48
#define HOST_FLOAT_PARAMS 56
#define HOST_FLOAT_RESULTS 57

// runtime::Activation
#define ACTIVATION_ENTRY_FP 0

// The entry stub's frame: rbp - rsp while Wasm runs
#define ENTRY_FRAME_SIZE 64
#define ENTRY_FRAME_MXCSR -52

// unwind::Landing, and the room for one on a stub's stack
#define LANDING_PC 0
#define LANDING_FP 8
#define LANDING_SP 16
#define LANDING_ROOM 32
