// Offsets that the assembly stubs use, as macros because the assembler reads this file too; stubs.cpp asserts them
// against the structures.
#pragma once

// abi::StoreContext
#define STORE_PENDING 16
#define STORE_EXIT_FP 24
#define STORE_CURRENT_EXN 32

// runtime::Registers
#define REGS_INTS 0
#define REGS_FLOATS 48
#define REGS_INT_RESULTS 176
#define REGS_FLOAT_RESULTS 192
#define REGS_SIZE 224

// runtime::Activation
#define ACTIVATION_ENTRY_FP 0

// The entry stub's frame: rbp - rsp while Wasm runs
#define ENTRY_FRAME_SIZE 64

// unwind::Landing, and the room for one on a stub's stack
#define LANDING_PC 0
#define LANDING_FP 8
#define LANDING_SP 16
#define LANDING_ROOM 32
