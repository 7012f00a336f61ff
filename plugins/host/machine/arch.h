/* SPDX-License-Identifier: BSD-3-Clause */
/* All that the host processor knows about an instruction set. */
#ifndef RPROC_HOST_ARCH_H
#define RPROC_HOST_ARCH_H

#include <elf.h>
#include <linux/audit.h>
#include <stdint.h>
#include <ucontext.h>

#if defined(__x86_64__)
#define HOST_ARCH_NAME	  "x86-64"
#define HOST_ARCH_MACHINE EM_X86_64
#define HOST_ARCH_AUDIT	  AUDIT_ARCH_X86_64

static inline uint64_t host_arch_pc(const ucontext_t *context)
{
	return (uint64_t)context->uc_mcontext.gregs[REG_RIP];
}

static inline uint64_t host_arch_sp(const ucontext_t *context)
{
	return (uint64_t)context->uc_mcontext.gregs[REG_RSP];
}

static inline void host_arch_relax(void)
{
	__builtin_ia32_pause();
}

#elif defined(__aarch64__)
#define HOST_ARCH_NAME	  "AArch64"
#define HOST_ARCH_MACHINE EM_AARCH64
#define HOST_ARCH_AUDIT	  AUDIT_ARCH_AARCH64

static inline uint64_t host_arch_pc(const ucontext_t *context)
{
	return context->uc_mcontext.pc;
}

static inline uint64_t host_arch_sp(const ucontext_t *context)
{
	return context->uc_mcontext.sp;
}

static inline void host_arch_relax(void)
{
	__asm__ volatile("yield" ::: "memory");
}

#else
#error "the host processor knows x86-64 and AArch64: add your instruction set to this file"
#endif

#endif
