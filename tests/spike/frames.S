// Hand-written x64 frames and stubs of the ABI spike, laid out as src/abi/convention.hh says.
//
// The blob between spike_begin and spike_end is copied into a mapped region, so it is position-independent and reaches
// C++ only through the table in the instance context (InstanceContext::builtins). Frames call on along a chain: every
// function has (r13 = instance, rdi = depth, rsi = value) -> rax and calls cell depth+1 of the instance's imports.
//
// Context: 0 store, 8 instance, 16 builtins, 48 + 16 k {code, context} of the k-th chain cell, 2608 + 8 t tag t.
// Rows for the walk stand behind the code (spike_rows): return address, pad, tag, flags of a function.
.intel_syntax noprefix
.text

.set CHAIN, 48
.set TAGS, 2608
.set PAYLOAD, 64 + 16000            // StoreContext::payload, checked in C++
.set HOST_FIND, 8 * 40              // builtins: C++ functions of the spike
.set HOST_RAISE, 8 * 41
.set HOST_TAKE, 8 * 42
.set TABLE_THROW, 8 * 43            // builtins: the stub `throw` calls, fast or system

.macro prologue size
  push rbp
  mov rbp, rsp
  sub rsp, \size
.endm
.macro epilogue
  mov rsp, rbp
  pop rbp
  ret
.endm
// Calls the next function of the chain: depth in rdi, value in rsi.
.macro call_next
  inc rdi
  mov rax, rdi
  shl rax, 4
  call [r13 + rax + CHAIN]
.endm
// The same where the next function may belong to another instance.
.macro call_next_cross
  inc rdi
  mov rax, rdi
  shl rax, 4
  lea rax, [r13 + rax + CHAIN]
  mov r13, [rax + 8]
  call [rax]
.endm

.p2align 12
.globl spike_begin
spike_begin:
  ud2                               // offset 0 belongs to nothing

// ---- border: u64 enter(context, code, const u64 ints[6], double floats[8][2], u64 results[6]); 0, or 1: uncaught
.p2align 4
.globl spike_enter
spike_enter:
  push rbp
  mov rbp, rsp
  push rbx                          // -8
  push r12                          // -16
  push r13                          // -24
  push r14                          // -32
  push r15                          // -40
  push r8                           // -48: results
  mov r13, rdi
  mov rax, rsi
  mov r10, rdx
  test rcx, rcx
  jz 1f
  movups xmm0, [rcx]
  movups xmm1, [rcx + 16]
  movups xmm2, [rcx + 32]
  movups xmm3, [rcx + 48]
  movups xmm4, [rcx + 64]
  movups xmm5, [rcx + 80]
  movups xmm6, [rcx + 96]
  movups xmm7, [rcx + 112]
1:
  mov rdi, [r10]
  mov rsi, [r10 + 8]
  mov rdx, [r10 + 16]
  mov rcx, [r10 + 24]
  mov r8, [r10 + 32]
  mov r9, [r10 + 40]
  // Sentinels: whatever happens inside, a callee gives them back.
  mov rbx, 0x1b1b1b1b
  mov r12, 0x12121212
  mov r14, 0x14141414
  mov r15, 0x15151515
  call rax
.globl spike_enter_return
spike_enter_return:
  mov r10, [rbp - 48]
  mov [r10], rax
  mov [r10 + 8], rdx
  movups [r10 + 16], xmm0
  movups [r10 + 32], xmm1
  mov [r10 + 48], r13
  // How many sentinels came back wrong?
  xor eax, eax
  xor ecx, ecx
  cmp rbx, 0x1b1b1b1b
  setne al
  cmp r12, 0x12121212
  setne cl
  add eax, ecx
  cmp r14, 0x14141414
  setne cl
  add eax, ecx
  cmp r15, 0x15151515
  setne cl
  add eax, ecx
  mov [r10 + 56], rax
  xor eax, eax
2:
  mov rbx, [rbp - 8]
  mov r12, [rbp - 16]
  mov r13, [rbp - 24]
  mov r14, [rbp - 32]
  mov r15, [rbp - 40]
  epilogue
.globl spike_enter_uncaught
spike_enter_uncaught:
  mov eax, 1
  jmp 2b
.globl spike_enter_end
spike_enter_end:

// ---- throw, fast: edi = tag index. find(context, tag, fp, landing*) fills {pc, fp, sp, rbx, r12, r13, r14, r15, clause}
.p2align 4
.globl spike_throw_fast
spike_throw_fast:
  prologue 80
  mov [rsp + 24], rbx               // what they are if no frame in between saved them
  mov [rsp + 32], r12
  mov [rsp + 40], r13
  mov [rsp + 48], r14
  mov [rsp + 56], r15
  mov esi, edi
  mov rdi, r13
  mov rdx, rbp
  mov rcx, rsp
  mov rax, [r13 + 16]
  call [rax + HOST_FIND]
  mov r11, rsp
  mov rbx, [r11 + 24]
  mov r12, [r11 + 32]
  mov r13, [r11 + 40]
  mov r14, [r11 + 48]
  mov r15, [r11 + 56]
  mov rdx, [r11 + 64]
  xor eax, eax                      // no object of the system unwinder
  mov rcx, [r11]
  mov rbp, [r11 + 8]
  mov rsp, [r11 + 16]
  jmp rcx

// ---- throw, system: raise(context, tag) calls _Unwind_RaiseException; this frame is walked like any other
.p2align 4
.globl spike_throw_system
spike_throw_system:
  prologue 16
  mov esi, edi
  mov rdi, r13
  mov rax, [r13 + 16]
  call [rax + HOST_RAISE]
.globl spike_throw_system_return
spike_throw_system_return:
  ud2

// ---- host function: its context's `instance` is {value, pending} f(own context, depth, value); pending: throw on
.p2align 4
.globl spike_host
spike_host:
  prologue 16
  mov [rbp - 8], r13
  mov rdx, rsi
  mov rsi, rdi
  mov rdi, r13
  call [r13 + 8]
.globl spike_host_return
spike_host_return:
  mov r13, [rbp - 8]
  test rdx, rdx
  jnz 1f
  epilogue
1:
  mov edi, -1                       // the exception that left the inner activation
  mov rax, [r13 + 16]
  call [rax + TABLE_THROW]
spike_host_rethrow_return:
  ud2

// ---- tail call into another instance: code in rax, its context in r10, r13 the old one
.p2align 4
.globl spike_cross_tail
spike_cross_tail:
  lea r11, [rip + cross_tail_return]
  cmp [rsp], r11
  je 1f
  push rbp
  mov rbp, rsp
  sub rsp, 16
  mov [rbp - 8], r13
  mov r13, r10
  call rax
cross_tail_return:
  mov r13, [rbp - 8]
  epilogue
1:
  mov r13, r10
  jmp rax
// The same for LLVM, whose conventions cannot name rax: the cell {code, context} comes in StoreContext::reserved2.
.p2align 4
.globl spike_cross_tail_cell
spike_cross_tail_cell:
  mov r11, [r13]
  mov r11, [r11 + 56]
  mov rax, [r11]
  mov r10, [r11 + 8]
  jmp spike_cross_tail

// ---- own frames of the chain
// A leaf that throws tag 0 with payload value ^ depth.
.p2align 4
.globl own_throw
own_throw:
  prologue 0
  xor rsi, rdi
  mov rax, [r13]
  mov [rax + PAYLOAD], rsi
  xor edi, edi
  mov rax, [r13 + 16]
  call [rax + TABLE_THROW]
.globl own_throw_return
own_throw_return:
  ud2

// A leaf that returns value * 31 + depth.
.p2align 4
.globl own_leaf
own_leaf:
  prologue 0
  imul rax, rsi, 31
  add rax, rdi
  epilogue

// Saves rbx r12 only: next(depth + 1, value + 1) * 3 + (value ^ depth).
.p2align 4
.globl own_mid
own_mid:
  prologue 16
  mov [rbp - 8], rbx
  mov [rbp - 16], r12
  mov rbx, rsi
  xor rbx, rdi
  mov r12, 0x6666
  inc rsi
  call_next
own_mid_return:
  lea rax, [rax + rax * 2]
  add rax, rbx
  mov rbx, [rbp - 8]
  mov r12, [rbp - 16]
  epilogue

// Has an instance slot, saves all four and fills them with junk: next(depth + 1, value + 2) * 5 + value + depth.
.p2align 4
.globl own_all
own_all:
  prologue 64
  mov [rbp - 8], r13
  mov [rbp - 16], rbx
  mov [rbp - 24], r12
  mov [rbp - 32], r14
  mov [rbp - 40], r15
  mov rbx, rsi
  add rbx, rdi
  mov r12, 0x7777
  mov r14, 0x8888
  mov r15, 0x9999
  add rsi, 2
  call_next_cross
own_all_return:
  mov r13, [rbp - 8]
  lea rax, [rax + rax * 4]
  add rax, rbx
  mov rbx, [rbp - 16]
  mov r12, [rbp - 24]
  mov r14, [rbp - 32]
  mov r15, [rbp - 40]
  epilogue

// A frame with a region, clause = tag index \tag: next(depth + 1, value + 3) + value * 7, or in the pad
// payload + home * 13, home slot = value * 11. The pad uses nothing but the frame; the system pad goes through `take`.
.macro catcher name, tag
.p2align 4
.globl \name
\name:
  prologue 64
  mov [rbp - 8], r13
  mov [rbp - 16], rbx
  mov [rbp - 24], r12
  mov [rbp - 32], r14
  mov [rbp - 40], r15
  imul rax, rsi, 11
  mov [rbp - 48], rax               // home slot
  imul rbx, rsi, 7
  mov r12, 0xaaaa
  mov r14, 0xbbbb
  mov r15, 0xcccc
  add rsi, 3
  call_next_cross
\name\()_return:
  mov r13, [rbp - 8]
  add rax, rbx
1:
  mov rbx, [rbp - 16]
  mov r12, [rbp - 24]
  mov r14, [rbp - 32]
  mov r15, [rbp - 40]
  epilogue
\name\()_system_pad:                // rax = the unwinder's object
  lea rsp, [rbp - 64]
  mov r13, [rbp - 8]
  mov rdi, r13
  mov rsi, rax
  mov rax, [r13 + 16]
  call [rax + HOST_TAKE]
\name\()_take_return:
\name\()_pad:
  mov r13, [rbp - 8]
  mov rax, [r13]
  mov rax, [rax + PAYLOAD]
  imul rcx, [rbp - 48], 13
  add rax, rcx
  jmp 1b
.endm
catcher own_catch, 0
catcher own_other, 1
catcher own_catch_all, -1

// ---- tail calls with arguments beyond the registers: f(counter, sum, ...) with 4 overflow cells (2 integers, 2 floats)
// counter = 0: returns sum and what the cells hold; else jumps to chain cell 1 with counter - 1, sum + all cells, cells + 1.
.p2align 4
.globl own_tail
own_tail:
  prologue 0
  mov r11, [r13]
  mov rax, [r11 + 64]
  mov r10, [r11 + 80]
  movsd xmm8, [r11 + 96]
  movsd xmm9, [r11 + 112]
  add rsi, rax
  add rsi, r10
  cvttsd2si rax, xmm8
  add rsi, rax
  cvttsd2si rax, xmm9
  add rsi, rax
  test rdi, rdi
  jz 1f
  dec rdi
  inc qword ptr [r11 + 64]
  mov rsp, rbp
  pop rbp
  jmp [r13 + CHAIN + 16]
1:
  mov rax, rsi
  mov rdx, rsp
  epilogue

// Tail call into another instance: counter 0 returns r13 of this frame, else cross tail call of cell (counter & 1) + 1.
.p2align 4
.globl own_cross_tail
own_cross_tail:
  prologue 0
  test rdi, rdi
  jz 1f
  dec rdi
  mov rax, rdi
  and eax, 1
  inc eax
  shl eax, 4
  lea r11, [r13 + rax + CHAIN]
  mov rsp, rbp
  pop rbp
  mov rax, [r11]
  mov r10, [r11 + 8]
  mov r11, [r13 + 16]
  jmp [r11 + 8 * 44]
1:
  mov rax, r13
  mov rdx, rsp
  epilogue

// Returns what a callee sees: rax = r13, rdx = rsp at the call instruction.
.p2align 4
.globl own_probe
own_probe:
  prologue 0
  mov rax, r13
  lea rdx, [rbp + 16]
  epilogue

// ---- the throw benchmarks: a loop that catches; depth plain frames below it; a leaf that throws
// own_bench(count, sum): calls cell 1 `count` times, each throw caught here, payload added up.
.p2align 4
.globl own_bench
own_bench:
  prologue 64
  mov [rbp - 8], r13
  mov [rbp - 16], rbx
  mov [rbp - 24], r12
  mov [rbp - 32], r14
  mov [rbp - 40], r15
  mov [rbp - 48], rdi
  mov qword ptr [rbp - 56], 0
1:
  cmp qword ptr [rbp - 48], 0
  je 3f
  mov edi, 1
  mov rsi, [rbp - 48]
  call [r13 + CHAIN + 16]
own_bench_return:
2:
  dec qword ptr [rbp - 48]
  jmp 1b
own_bench_system_pad:
  lea rsp, [rbp - 64]
  mov r13, [rbp - 8]
  mov rdi, r13
  mov rsi, rax
  mov rax, [r13 + 16]
  call [rax + HOST_TAKE]
own_bench_pad:
  mov r13, [rbp - 8]
  mov rax, [r13]
  mov rax, [rax + PAYLOAD]
  add [rbp - 56], rax
  jmp 2b
3:
  mov rax, [rbp - 56]
  mov rbx, [rbp - 16]
  mov r12, [rbp - 24]
  mov r14, [rbp - 32]
  mov r15, [rbp - 40]
  epilogue
.globl spike_end
spike_end:

// Rows: {return address, pad, system pad, tag or ~0 - 1: none, saved mask (bit 0..3: rbx r12 r14 r15), instance slot},
// offsets from spike_begin.
.section .rodata
.p2align 2
.macro row ra, pad, system_pad, tag, mask, slot
  .long \ra - spike_begin, \pad - spike_begin, \system_pad - spike_begin, \tag, \mask, \slot
.endm
.globl spike_rows
spike_rows:
  row spike_throw_system_return, spike_begin, spike_begin, -2, 0, 0
  row spike_host_return, spike_begin, spike_begin, -2, 0, 1
  row spike_host_rethrow_return, spike_begin, spike_begin, -2, 0, 1
  row cross_tail_return, spike_begin, spike_begin, -2, 0, 1
  row own_throw_return, spike_begin, spike_begin, -2, 0, 0
  row own_mid_return, spike_begin, spike_begin, -2, 3, 0
  row own_all_return, spike_begin, spike_begin, -2, 15, 1
  row own_catch_return, own_catch_pad, own_catch_system_pad, 0, 15, 1
  row own_other_return, own_other_pad, own_other_system_pad, 1, 15, 1
  row own_catch_all_return, own_catch_all_pad, own_catch_all_system_pad, -1, 15, 1
  row own_bench_return, own_bench_pad, own_bench_system_pad, 0, 15, 1
.globl spike_rows_end
spike_rows_end:
.section .note.GNU-stack,"",@progbits
