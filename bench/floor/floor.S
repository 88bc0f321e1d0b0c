// The floor: the least that a throw over frames with tables can do on x86-64, by hand, with the engine's convention.
//
// r13 = instance {0 store, 8 code base, 16 hash table, 24 shift, 32 mask, 40 first free object, 48… tags}. Store: {0 tag in
// flight, 8 object in flight or 0, 16 payload (16 bytes)}. A row of the table is 16 bytes: {u32 return offset, u32 pad
// offset, u32 tag index or ~0, i32 rbp-relative place of the frame's instance}; 0 = empty; linear probing.
// Every throw makes both look-ups of a real one: return address -> row by hash, clause's tag through the frame's own
// instance -> identity. No frame saves more than it must, no prologue checks the stack.
.intel_syntax noprefix
.text
.set TAGS, 48

.p2align 12
.globl floor_code
floor_code:
  ud2

// throw(edi = tag index), payload stored by the caller; throw_ref(rdi = object)
.p2align 4
floor_throw_ref:
  mov r11, [r13]
  mov rax, [rdi]                    // object: {tag, next free, payload}
  mov [r11 + 8], rdi
  mov [r11], rax
  jmp 1f
.p2align 4
floor_throw:
  mov r11, [r13]
  mov rax, [r13 + rdi * 8 + TAGS]
  mov qword ptr [r11 + 8], 0
  mov [r11], rax
1:
  mov rsi, [r13 + 8]                // code base
  mov r10, [r13 + 16]               // table
  mov ecx, [r13 + 24]               // shift
  mov edi, [r13 + 32]               // mask
  pop r8                            // return address of this frame's call
  mov r9, rsp                       // its SP there
  mov rdx, rbp                      // its FP
  sub r8, rsi
2:
  imul r11d, r8d, 0x9E3779B1
  shr r11d, cl
3:
  shl r11, 4
  mov ebx, [r10 + r11]
  cmp ebx, r8d
  je 5f
  test ebx, ebx
  jnz 4f
  mov r8, [rdx + 8]                 // no clause here: the caller
  lea r9, [rdx + 16]
  mov rdx, [rdx]
  sub r8, rsi
  jmp 2b
4:
  shr r11, 4
  inc r11d
  and r11d, edi
  jmp 3b
5:
  movsxd r12, dword ptr [r10 + r11 + 12]
  mov r12, [rdx + r12]              // the frame's own instance
  mov ebx, [r10 + r11 + 8]
  cmp ebx, -1
  je 6f
  cmp rax, [r12 + rbx * 8 + TAGS]
  je 6f
  mov r8, [rdx + 8]
  lea r9, [rdx + 16]
  mov rdx, [rdx]
  sub r8, rsi
  jmp 2b
6:
  mov r13, r12
  mov eax, [r10 + r11 + 4]
  mov rbp, rdx
  mov rsp, r9
  add rsi, rax
  jmp rsi

// f_0 throws its argument; f_k calls f_(k-1). g_k catches all with a reference and throws it on.
.p2align 4
f_0:
  push rbp
  mov rbp, rsp
  test edi, edi
  js 1f
  mov rax, [r13]
  mov [rax + 16], rdi
  xor edi, edi
  call floor_throw
1:
  mov eax, 7
  pop rbp
  ret

.altmacro
.macro frame k, below
.p2align 4
f_&k:
  push rbp
  mov rbp, rsp
  call f_&below
  xor eax, 0x5a5a
  pop rbp
  ret
.endm
.macro rethrower k, callee
.p2align 4
g_&k:
  push rbp
  mov rbp, rsp
  sub rsp, 16
  mov [rbp - 8], r13
  call \callee
g_return_&k:
  xor eax, 0x5a5a
  leave
  ret
g_pad_&k:
  mov rax, [r13]
  mov rdi, [rax + 8]                // thrown as an object already?
  test rdi, rdi
  jnz 1f
  mov rdi, [r13 + 40]               // make one
  mov rcx, [rdi + 8]
  mov [r13 + 40], rcx
  mov rcx, [rax]
  mov [rdi], rcx
  movups xmm0, [rax + 16]
  movups [rdi + 16], xmm0
1:
  call floor_throw_ref
  ud2
.endm
.set i, 1
.rept 99
  .set below, i - 1
  frame %i, %below
  .set i, i + 1
.endr
  rethrower 1, f_0
.set i, 2
.rept 8
  .set below, i - 1
  .macro one k, b
  rethrower \k, g_\b
  .endm
  one %i, %below
  .purgem one
  .set i, i + 1
.endr

// u32 floor_run(u32 n, code, instance): n throws, each caught here, payloads added up
.p2align 4
.globl floor_run
floor_run:
  push rbp
  mov rbp, rsp
  push rdx                          // -8: instance
  push rbx
  push r12
  push r13
  push r14
  push r15
  sub rsp, 32
  mov r13, rdx
  mov [rbp - 64], rsi
  mov [rbp - 72], edi
  mov dword ptr [rbp - 76], 0       // i
  mov dword ptr [rbp - 80], 0       // sum
1:
  mov edi, [rbp - 76]
  cmp edi, [rbp - 72]
  jae 4f
  call [rbp - 64]
floor_run_return:
  mov eax, 123
2:
  add [rbp - 80], eax
  inc dword ptr [rbp - 76]
  jmp 1b
floor_run_pad:
  mov rcx, [r13]
  mov rdx, [rcx + 8]
  mov eax, [rcx + 16]
  test rdx, rdx
  jz 2b
  mov eax, [rdx + 16]               // the object's payload; nobody holds it: free
  mov rcx, [r13 + 40]
  mov [rdx + 8], rcx
  mov [r13 + 40], rdx
  jmp 2b
4:
  mov eax, [rbp - 80]
  lea rsp, [rbp - 48]
  pop r15
  pop r14
  pop r13
  pop r12
  pop rbx
  leave
  ret

.section .rodata
.p2align 3
.globl floor_rows, floor_rows_end, floor_entry_1, floor_entry_10, floor_entry_100, floor_entry_rethrow_10
floor_rows:
  .long floor_run_return - floor_code, floor_run_pad - floor_code, 0, -8
.macro grow k
  .long g_return_&k - floor_code, g_pad_&k - floor_code, -1, -8
.endm
.set i, 1
.rept 9
  grow %i
  .set i, i + 1
.endr
floor_rows_end:
floor_entry_1: .long f_0 - floor_code
floor_entry_10: .long f_9 - floor_code
floor_entry_100: .long f_99 - floor_code
floor_entry_rethrow_10: .long g_9 - floor_code
.section .note.GNU-stack,"",@progbits
