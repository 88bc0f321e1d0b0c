// The border between C++ and compiled code on x86-64, System V. Registers: abi/convention.hh. Each stub keeps the
// frame-pointer chain and has CFI, so walks, debuggers and profilers see through it.
//
//   trapeze_enter            host -> Wasm: the frame every walk of an activation ends at
//   trapeze_abandon          leaves an activation from anywhere inside, without results
//   trapeze_border_pad       the same, landed at by the system's unwinder with rbp only
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

// Eight float registers, as far as somebody reads them: all of a v128, of anything else the low half, because that is
// how much was written, and a longer read would wait for memory.
	.macro	FLOATS instruction, base
	\instruction	(REGS_FLOATS + 0)(\base), %xmm0
	\instruction	(REGS_FLOATS + 16)(\base), %xmm1
	\instruction	(REGS_FLOATS + 32)(\base), %xmm2
	\instruction	(REGS_FLOATS + 48)(\base), %xmm3
	\instruction	(REGS_FLOATS + 64)(\base), %xmm4
	\instruction	(REGS_FLOATS + 80)(\base), %xmm5
	\instruction	(REGS_FLOATS + 96)(\base), %xmm6
	\instruction	(REGS_FLOATS + 112)(\base), %xmm7
	.endm

// u64 trapeze_enter(Registers *rdi, code rsi, InstanceContext *rdx, Activation *rcx, FloatUse r8b)
//
//   [rbp - 40 .. rbp)   rbx r12 r13 r14 r15 of the host
//   [rbp - 48]          Registers *
//   [rbp - 52]          MXCSR of the host (ENTRY_FRAME_MXCSR)
//
// Mostly MXCSR is Wasm's, sticky flags apart, and is left alone.
// A function that returns has given all of them back but r13; one that was left has not.
	FUNCTION trapeze_enter
	.cfi_personality 0x1b, trapeze_border_personality
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
	stmxcsr	ENTRY_FRAME_MXCSR(%rbp)
	movl	ENTRY_FRAME_MXCSR(%rbp), %eax
	andl	$-64, %eax
	cmpl	$0x1f80, %eax
	jne	.Lset_mxcsr
.Lmxcsr_is_set:
	movq	%rbp, ACTIVATION_ENTRY_FP(%rcx)
	movq	%rsi, %rax
	movq	%rdx, %r13
	movq	%rdi, %r10
	cmpb	$FLOATS_SCALARS, %r8b
	jae	.Lload_floats
.Lload_ints:
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
.Lmodes:
	movl	ENTRY_FRAME_MXCSR(%rbp), %ecx
	andl	$-64, %ecx
	cmpl	$0x1f80, %ecx
	jne	.Lreset_mxcsr
.Lleave:
	movq	-24(%rbp), %r13
	.cfi_remember_state
	leave
	.cfi_def_cfa %rsp, 8
	retq
	.cfi_restore_state
.Lset_mxcsr:
	ldmxcsr	.Lwasm_mxcsr(%rip)
	jmp	.Lmxcsr_is_set
.Lreset_mxcsr:
	ldmxcsr	ENTRY_FRAME_MXCSR(%rbp)
	jmp	.Lleave
.Lload_floats:
	jne	.Lload_vectors
	FLOATS movsd, %r10
	jmp	.Lload_ints
.Lload_vectors:
	FLOATS movups, %r10
	jmp	.Lload_ints
	.globl	trapeze_border_pad
	.hidden	trapeze_border_pad
trapeze_border_pad:
	leaq	-ENTRY_FRAME_SIZE(%rbp), %rsp
	.globl	trapeze_abandon
	.hidden	trapeze_abandon
trapeze_abandon:
	movq	-8(%rbp), %rbx
	movq	-16(%rbp), %r12
	movq	-32(%rbp), %r14
	movq	-40(%rbp), %r15
	movl	$1, %eax
	jmp	.Lmodes
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
	cmpb	$0, HOST_FLOAT_PARAMS(%r13)
	jne	.Lspill_floats
.Lspilled:
	movq	(%r13), %rax
	movq	%rbp, STORE_EXIT_FP(%rax)
	movq	%r13, %rdi
	movq	%rsp, %rsi
	callq	*HOST_ENTRY(%r13)
	movq	(%r13), %rax
	cmpq	$0, STORE_PENDING(%rax)
	jne	trapeze_pending
	movq	(REGS_INT_RESULTS + 0)(%rsp), %rax
	movq	(REGS_INT_RESULTS + 8)(%rsp), %rdx
	cmpb	$FLOATS_SCALARS, HOST_FLOAT_RESULTS(%r13)
	jae	.Lfloat_results
.Lreturn:
	.cfi_remember_state
	leave
	.cfi_def_cfa %rsp, 8
	retq
	.cfi_restore_state
.Lspill_floats:
	movups	%xmm0, (REGS_FLOATS + 0)(%rsp)
	movups	%xmm1, (REGS_FLOATS + 16)(%rsp)
	movups	%xmm2, (REGS_FLOATS + 32)(%rsp)
	movups	%xmm3, (REGS_FLOATS + 48)(%rsp)
	movups	%xmm4, (REGS_FLOATS + 64)(%rsp)
	movups	%xmm5, (REGS_FLOATS + 80)(%rsp)
	movups	%xmm6, (REGS_FLOATS + 96)(%rsp)
	movups	%xmm7, (REGS_FLOATS + 112)(%rsp)
	jmp	.Lspilled
.Lfloat_results:
	jne	1f
	movsd	(REGS_FLOAT_RESULTS + 0)(%rsp), %xmm0
	movsd	(REGS_FLOAT_RESULTS + 16)(%rsp), %xmm1
	jmp	.Lreturn
1:
	movups	(REGS_FLOAT_RESULTS + 0)(%rsp), %xmm0
	movups	(REGS_FLOAT_RESULTS + 16)(%rsp), %xmm1
	jmp	.Lreturn
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

// The search of unwind/find_handler for the common case: frames whose code is in one image, caught by the first clause
// on the way out of a call or by none. Jumped to from a stub's frame with rsp = rbp, an exception in flight and
//   r8 = its tag, 0: foreign      r9 = LoadedImage of the stub's caller      r13 = an instance
// Per frame: rdx = frame pointer of its callee, rax = offset of its call's last byte, rsi = slot of the hash, and
// r11 = the frame once its call is found. r10 = base + 1: a return address may be the first byte behind the code.
	FUNCTION trapeze_search
	.cfi_def_cfa %rbp, 16
	.cfi_offset %rbp, -16
	movq	(%r13), %r11
	movq	IMAGE_BASE(%r9), %r10
	movq	IMAGE_CALLS(%r9), %rdi
	movl	IMAGE_SHIFT(%r9), %ecx
	incq	STORE_THROWS(%r11)
	incq	%r10
	movq	%rbp, %rdx
	jmp	.Lframe
.Lcaller:
	movq	(%rdx), %rdx
.Lframe:
	movq	8(%rdx), %rax
	subq	%r10, %rax
	cmpq	IMAGE_SIZE(%r9), %rax
	jae	.Lsearch_on
	imull	$CALL_HASH_FACTOR, %eax, %esi
	shrl	%cl, %esi
	shlq	$CALL_SIZE_LOG2, %rsi
	addq	%rdi, %rsi
.Lprobe:
	cmpl	%eax, CALL_END(%rsi)
	je	.Lhandled_call
	cmpl	$-1, CALL_END(%rsi)
	je	.Lcaller
	addq	$(1 << CALL_SIZE_LOG2), %rsi
	jmp	.Lprobe
.Lhandled_call:
	movl	CALL_TAG_AT(%rsi), %eax
	movq	(%rdx), %r11
	cmpl	IMAGE_TAGS_END(%r9), %eax
	jae	.Lno_tag
	addq	-8(%r11), %rax
	cmpq	(%rax), %r8
	jne	.Lother_clauses
.Lcaught:
	movl	CALL_PAD(%rsi), %eax
	leaq	-1(%r10,%rax), %rax
	movq	%r11, %rbp
	leaq	16(%rdx), %rsp
	movq	-8(%rbp), %r13
	jmp	*%rax
.Lno_tag: // catches all, or a damaged row
	cmpl	$-1, %eax
	je	.Lcaught
.Lother_clauses:
	cmpl	$0, CALL_REGION(%rsi)
	jge	.Lcaller
.Lsearch_on: // another image, the host, other clauses
	movq	(%r13), %rdi
	movq	%rbp, STORE_EXIT_FP(%rdi)
	subq	$LANDING_ROOM, %rsp
	movq	%rdx, %rsi
	movq	%rsp, %rdx
	callq	trapeze_search_on
	LAND
	END trapeze_search

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

// THROW_<name> begins a throw with r11 = StoreContext: it puts the exception in flight, its tag in r8, and goes on at
// trapeze_search; or jumps to 1 where that is C++'s business. All registers but r13, rbp and rsp are free: what is live
// at a throw is in the frame.
	.macro	THROW_Throw
	movl	%edi, %eax
	movq	CONTEXT_CODE(%r13), %r9
	movl	IMAGE_TAGS(%r9), %ecx
	leaq	(%r13,%rax,8), %rax
	movq	(%rax,%rcx), %r8
	movl	$0, STORE_CURRENT_EXN(%r11)
	movq	%r8, STORE_CURRENT_TAG(%r11)
	jmp	trapeze_search
	.endm

// The exception that was caught last is still in flight (Store::put_in_flight). Null is 1's business.
	.macro	THROW_ThrowRef
	movl	%edi, %eax
	testl	%eax, %eax
	jz	1f
	movq	CONTEXT_CODE(%r13), %r9
	cmpl	STORE_CURRENT_EXN(%r11), %eax
	jne	2f
	movq	STORE_CURRENT_TAG(%r11), %r8
	jmp	trapeze_search
2:
	movl	%eax, STORE_CURRENT_EXN(%r11)
	addq	CONTEXT_HEAP_BASE(%r13), %rax
	movq	EXN_TAG(%rax), %r8
	movl	EXN_FIELD_COUNT(%rax), %ecx
	movq	%r8, STORE_CURRENT_TAG(%r11)
	shlq	$4, %rcx
3:
	subq	$16, %rcx
	jb	trapeze_search
	movups	EXN_FIELDS(%rax,%rcx), %xmm0
	movups	%xmm0, STORE_PAYLOAD(%r11,%rcx)
	jmp	3b
	.endm

// Throws: trapeze_builtin_<name>(InstanceContext *, parameter, Landing *) always says where to land.
	.macro	THROWING name
	FUNCTION trapeze_stub_\name
	PROLOGUE
	movq	(%r13), %r11
	cmpq	$0, STORE_THROWS_SLOWLY(%r11)
	jne	1f
	THROW_\name
1:
	movq	%rbp, STORE_EXIT_FP(%r11)
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
	.cfi_offset %r13, -24
	subq	$8, %rsp
	movq	%r10, %r13
	callq	*%rax
	.globl	trapeze_tail_return
	.hidden	trapeze_tail_return
trapeze_tail_return:
	movq	-8(%rbp), %r13
	.cfi_restore %r13
	leave
	.cfi_def_cfa %rsp, 8
	.cfi_restore %rbp
	retq
.Lhave_frame:
	movq	%r10, %r13
	jmp	*%rax
	END trapeze_cross_instance_tail

	.section .rodata, "a", @progbits
	.p2align 2
.Lwasm_mxcsr:
	.long	0x1f80

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
