// The border between C++ and compiled code on x86-64, System V. Registers: abi/convention.hh. Each stub keeps the
// frame-pointer chain and has CFI, so walks, debuggers and profilers see through it.
//
//   trapeze_enter            host -> Wasm: the frame every walk of an activation ends at
//   trapeze_abandon          leaves an activation from anywhere inside, without results
//   trapeze_host_call_stub   Wasm -> host function; r13 = the function's own context
//   builtin stubs            Wasm -> runtime; r13 = the caller's instance, passed as first argument
//   trapeze_pending          a builtin or host function must not return: C++ says where to land
//   trapeze_trap_landing     a fault in Wasm code goes on here
//   cross_instance_tail      tail call into another instance
//
// All parameters of a builtin are integers and at most five (a test holds builtins.def to it), so that they and the
// instance fit the six integer registers: one fixed shift serves all rows.
#include "runtime/stub_offsets.hh"

	.text

	.macro	FUNCTION name
	.p2align 4
	.globl	\name
	.hidden	\name
	.type	\name, @function
\name:
	.cfi_startproc
	.endm

	.macro	END name
	.cfi_endproc
	.size	\name, . - \name
	.endm

	.macro	PROLOGUE
	pushq	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	movq	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	.endm

// Goes on at the Landing at (%rsp). r13 of the frame landed in stands at [fp - 8]; in the entry frame that is another
// saved register, and not used.
	.macro	LAND
	movq	LANDING_PC(%rsp), %rax
	movq	LANDING_FP(%rsp), %rbp
	movq	LANDING_SP(%rsp), %rsp
	movq	-8(%rbp), %r13
	jmp	*%rax
	.endm

// u64 trapeze_enter(Registers *rdi, code rsi, InstanceContext *rdx, Activation *rcx)
//
//   [rbp - 40 .. rbp)   rbx r12 r13 r14 r15 of the host
//   [rbp - 48]          Registers *
//   [rbp - 52]          MXCSR of the host      [rbp - 56]  MXCSR of Wasm
	FUNCTION trapeze_enter
	PROLOGUE
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	pushq	%rdi
	.cfi_offset %rbx, -24
	.cfi_offset %r12, -32
	.cfi_offset %r13, -40
	.cfi_offset %r14, -48
	.cfi_offset %r15, -56
	subq	$(ENTRY_FRAME_SIZE - 48), %rsp
	stmxcsr	-52(%rbp)
	movl	$0x1f80, -56(%rbp)
	ldmxcsr	-56(%rbp)
	movq	%rbp, ACTIVATION_ENTRY_FP(%rcx)
	movq	%rsi, %rax
	movq	%rdx, %r13
	movq	%rdi, %r10
	movups	(REGS_FLOATS + 0)(%r10), %xmm0
	movups	(REGS_FLOATS + 16)(%r10), %xmm1
	movups	(REGS_FLOATS + 32)(%r10), %xmm2
	movups	(REGS_FLOATS + 48)(%r10), %xmm3
	movups	(REGS_FLOATS + 64)(%r10), %xmm4
	movups	(REGS_FLOATS + 80)(%r10), %xmm5
	movups	(REGS_FLOATS + 96)(%r10), %xmm6
	movups	(REGS_FLOATS + 112)(%r10), %xmm7
	movq	(REGS_INTS + 0)(%r10), %rdi
	movq	(REGS_INTS + 8)(%r10), %rsi
	movq	(REGS_INTS + 16)(%r10), %rdx
	movq	(REGS_INTS + 24)(%r10), %rcx
	movq	(REGS_INTS + 32)(%r10), %r8
	movq	(REGS_INTS + 40)(%r10), %r9
	callq	*%rax
	movq	-48(%rbp), %r10
	movq	%rax, (REGS_INT_RESULTS + 0)(%r10)
	movq	%rdx, (REGS_INT_RESULTS + 8)(%r10)
	movups	%xmm0, (REGS_FLOAT_RESULTS + 0)(%r10)
	movups	%xmm1, (REGS_FLOAT_RESULTS + 16)(%r10)
	xorl	%eax, %eax
.Lleave:
	ldmxcsr	-52(%rbp)
	movq	-8(%rbp), %rbx
	movq	-16(%rbp), %r12
	movq	-24(%rbp), %r13
	movq	-32(%rbp), %r14
	movq	-40(%rbp), %r15
	.cfi_remember_state
	leave
	.cfi_def_cfa %rsp, 8
	retq
	.cfi_restore_state
	.globl	trapeze_abandon
	.hidden	trapeze_abandon
trapeze_abandon:
	movl	$1, %eax
	jmp	.Lleave
	END trapeze_enter

	FUNCTION trapeze_host_call_stub
	PROLOGUE
	subq	$REGS_SIZE, %rsp
	movq	%rdi, (REGS_INTS + 0)(%rsp)
	movq	%rsi, (REGS_INTS + 8)(%rsp)
	movq	%rdx, (REGS_INTS + 16)(%rsp)
	movq	%rcx, (REGS_INTS + 24)(%rsp)
	movq	%r8, (REGS_INTS + 32)(%rsp)
	movq	%r9, (REGS_INTS + 40)(%rsp)
	movups	%xmm0, (REGS_FLOATS + 0)(%rsp)
	movups	%xmm1, (REGS_FLOATS + 16)(%rsp)
	movups	%xmm2, (REGS_FLOATS + 32)(%rsp)
	movups	%xmm3, (REGS_FLOATS + 48)(%rsp)
	movups	%xmm4, (REGS_FLOATS + 64)(%rsp)
	movups	%xmm5, (REGS_FLOATS + 80)(%rsp)
	movups	%xmm6, (REGS_FLOATS + 96)(%rsp)
	movups	%xmm7, (REGS_FLOATS + 112)(%rsp)
	movq	(%r13), %rax
	movq	%rbp, STORE_EXIT_FP(%rax)
	movq	%r13, %rdi
	movq	%rsp, %rsi
	callq	trapeze_host_call
	movq	(%r13), %rax
	cmpq	$0, STORE_PENDING(%rax)
	jne	trapeze_pending
	movq	(REGS_INT_RESULTS + 0)(%rsp), %rax
	movq	(REGS_INT_RESULTS + 8)(%rsp), %rdx
	movups	(REGS_FLOAT_RESULTS + 0)(%rsp), %xmm0
	movups	(REGS_FLOAT_RESULTS + 16)(%rsp), %xmm1
	leave
	.cfi_def_cfa %rsp, 8
	retq
	END trapeze_host_call_stub

// Jumped to from inside a stub's frame: rbp = that frame, rsp 16-aligned, r13 = a context of the store.
	FUNCTION trapeze_pending
	.cfi_def_cfa %rbp, 16
	.cfi_offset %rbp, -16
	subq	$LANDING_ROOM, %rsp
	movq	(%r13), %rdi
	movq	%rbp, %rsi
	movq	%rsp, %rdx
	callq	trapeze_dispatch_pending
	LAND
	END trapeze_pending

// Entered by the fault handler with rdi = StoreContext, on the stack of the faulting function at any alignment. Its
// frame is never gone back to; below rsp there is nothing that counts.
	FUNCTION trapeze_trap_landing
	.cfi_def_cfa %rbp, 16
	.cfi_offset %rbp, -16
	andq	$-16, %rsp
	subq	$LANDING_ROOM, %rsp
	movq	%rsp, %rsi
	callq	trapeze_trap
	LAND
	END trapeze_trap_landing

	.macro	ENTER_BUILTIN
	PROLOGUE
	movq	(%r13), %rax
	movq	%rbp, STORE_EXIT_FP(%rax)
	.endm

// An exception that was thrown by throw_ref is an object already: 0 < current_exn and collects_always = 0, read as one
// word. C++ clean-ups catch and rethrow in every frame, so this is the path that their exceptions take.
	.macro	CAUGHT_AGAIN
	movq	(%r13), %rax
	movq	STORE_CURRENT_EXN(%rax), %rax
	leaq	-1(%rax), %rcx
	shrq	$32, %rcx
	jnz	1f
	retq
1:
	.endm

// Pure, Traps, Collects: trapeze_builtin_<name>(InstanceContext *, parameters...), then look at `pending`.
	.macro	RETURNING name
	FUNCTION trapeze_stub_\name
	.ifc	\name, MakeExnref
	CAUGHT_AGAIN
	.endif
	ENTER_BUILTIN
	movq	%r8, %r9
	movq	%rcx, %r8
	movq	%rdx, %rcx
	movq	%rsi, %rdx
	movq	%rdi, %rsi
	movq	%r13, %rdi
	callq	trapeze_builtin_\name
	movq	(%r13), %rcx
	cmpq	$0, STORE_PENDING(%rcx)
	jne	trapeze_pending
	popq	%rbp
	.cfi_def_cfa %rsp, 8
	retq
	END trapeze_stub_\name
	.endm

// Throws: trapeze_builtin_<name>(InstanceContext *, parameter, Landing *) always says where to land.
	.macro	THROWING name
	FUNCTION trapeze_stub_\name
	ENTER_BUILTIN
	subq	$LANDING_ROOM, %rsp
	movq	%rdi, %rsi
	movq	%r13, %rdi
	movq	%rsp, %rdx
	callq	trapeze_builtin_\name
	LAND
	END trapeze_stub_\name
	.endm

#define STUB_Pure RETURNING
#define STUB_Traps RETURNING
#define STUB_Collects RETURNING
#define STUB_Throws THROWING
#define BUILTIN(id, results, params, effect) STUB_##effect id
#include "abi/builtins.def"

// Jumped to with the caller's frame torn down: code in rax, context in r10, r13 still the caller's instance, parameters
// in place. The frame it pushes gives r13 back to whoever called the tail caller; a chain of such calls finds that
// frame already there.
	FUNCTION trapeze_cross_instance_tail
	leaq	trapeze_tail_return(%rip), %r11
	cmpq	%r11, (%rsp)
	je	.Lhave_frame
	PROLOGUE
	pushq	%r13
	subq	$8, %rsp
	movq	%r10, %r13
	callq	*%rax
	.globl	trapeze_tail_return
	.hidden	trapeze_tail_return
trapeze_tail_return:
	movq	-8(%rbp), %r13
	leave
	.cfi_def_cfa %rsp, 8
	.cfi_restore %rbp
	retq
.Lhave_frame:
	movq	%r10, %r13
	jmp	*%rax
	END trapeze_cross_instance_tail

	.section .data.rel.ro, "aw", @progbits
	.p2align 3
	.globl	trapeze_builtin_table
	.hidden	trapeze_builtin_table
	.type	trapeze_builtin_table, @object
trapeze_builtin_table:
#define BUILTIN(id, results, params, effect) .quad trapeze_stub_##id
#include "abi/builtins.def"
	.quad	trapeze_cross_instance_tail
	.size	trapeze_builtin_table, . - trapeze_builtin_table

	.section .note.GNU-stack, "", @progbits
