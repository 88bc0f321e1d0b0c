// void trapeze_test_walk_from(u64 *stack, u64 frame, void (*collect)())
// Calls `collect` as if a frame of compiled code had: stack[0] is where that frame goes on, `frame` its frame pointer.
// The real stack comes back from rbx.
	.text
	.p2align 4
	.globl	trapeze_test_walk_from
	.type	trapeze_test_walk_from, @function
trapeze_test_walk_from:
	.cfi_startproc
	pushq	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	pushq	%rbx
	.cfi_def_cfa_offset 24
	.cfi_offset %rbx, -24
	subq	$8, %rsp
	movq	%rsp, %rbx
	movq	%rdi, %rsp
	movq	%rsi, %rbp
	jmp	.Lcallee
.Lback:
	addq	$8, %rsp
	popq	%rbx
	popq	%rbp
	ret
	.cfi_endproc
	.size	trapeze_test_walk_from, . - trapeze_test_walk_from

	.p2align 4
	.type	callee, @function
callee:
	.cfi_startproc
.Lcallee:
	pushq	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	movq	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	callq	*%rdx
	movq	%rbx, %rsp
	jmp	.Lback
	.cfi_endproc
	.size	callee, . - callee
	.section .note.GNU-stack, "", @progbits
