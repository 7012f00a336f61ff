/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the runner does that no user does: the hardware's part, the driver's loading, and the
 * remote's part of rpmsg. In the recorded machine through /dev/mem, on a mount by the file of
 * whoever plays the hardware. Knows nothing of the actions of users.
 */
#include "orun.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static int memfd = -1;

uint32_t *phys(uint32_t pa)
{
	static struct { uint32_t pg; void *m; } c[64]; static int nc;
	if (memfd < 0) memfd = open("/dev/mem", O_RDWR | O_SYNC);
	uint32_t pg = pa & ~0xfffu;
	for (int i = 0; i < nc; i++) if (c[i].pg == pg) return (uint32_t *)((char *)c[i].m + (pa & 0xfff));
	void *m = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, pg);
	if (m == MAP_FAILED) return NULL;
	if (nc < 64) { c[nc].pg = pg; c[nc].m = m; nc++; }
	return (uint32_t *)((char *)m + (pa & 0xfff));
}
/* one line to the file of whoever plays the hardware; then it reads as the answer. 0 or -1 */
int tell(const char *line, char *b, size_t n)
{
	ssize_t k = -1;
	int fd = open(hook, O_RDWR);

	if (fd < 0) return -1;
	if (write(fd, line, strlen(line)) >= 0) k = pread(fd, b, n - 1, 0);
	close(fd);
	if (k < 0) return -1;
	b[k] = 0; b[strcspn(b, "\n")] = 0;
	return 0;
}

void pend_spi(int spi)	/* GICv2 distributor GICD_ISPENDRn */
{
	char b[8192];

	if (portable) {	/* those of the mailbox are the model's; it tells of them by itself */
		if (spi == 102) tell("watchdog", b, sizeof b);
		return;
	}
	int id = 32 + spi;
	*(volatile uint32_t *)phys(0x08000200 + 4 * (id / 32)) = 1u << (id % 32);
}

void ask(const char *line)
{
	char b[8192];

	if (tell(line, b, sizeof b)) res(-1, NULL);
	else printf("= %s\n", *b ? b : "0");
}

/* ---- the "remote side" of rpmsg, played from user space: through /dev/mem, or by whoever has
 * the memory ---- */
static uint32_t da2pa(uint32_t da)
{
	if (da < 0x10000) return 0x5a000000 + da;
	if (da >= 0x10000000 && da < 0x10060000) return 0x5b000000 + (da - 0x10000000);
	if (da >= 0x30000000 && da < 0x30060000) return 0x5c000000 + (da - 0x30000000);
	return da;	/* already a physical address */
}
static uint32_t word(uint32_t pa)
{
	char cmd[64], b[8192];
	if (!portable) return *(volatile uint32_t *)phys(pa);
	snprintf(cmd, sizeof cmd, "peek 0x%x", pa);
	if (tell(cmd, b, sizeof b)) { printf("= peek: %s\n", ename(errno)); exit(1); }
	return strtoul(b, 0, 0);
}
static void set_word(uint32_t pa, uint32_t v)
{
	char cmd[64], b[8192];
	if (!portable) { *(volatile uint32_t *)phys(pa) = v; return; }
	snprintf(cmd, sizeof cmd, "poke 0x%x 0x%x", pa, v);
	if (tell(cmd, b, sizeof b)) { printf("= poke: %s\n", ename(errno)); exit(1); }
}
/* what one side writes is never in one word with what the other writes at the time */
static uint32_t part(uint32_t pa, int bytes)
{
	return word(pa & ~3u) >> 8 * (pa & 3) & (0xffffffffu >> (32 - 8 * bytes));
}
static void set_part(uint32_t pa, int bytes, uint32_t v)
{
	uint32_t at = pa & ~3u, shift = 8 * (pa & 3), mask = (0xffffffffu >> (32 - 8 * bytes)) << shift;
	set_word(at, (word(at) & ~mask) | (v << shift & mask));
}
static uint8_t rd8(uint32_t pa) { return portable ? part(pa, 1) : *((volatile uint8_t *)phys(pa)); }
static uint16_t rd16(uint32_t pa) { return portable ? part(pa, 2) : *((volatile uint16_t *)phys(pa)); }
static uint32_t rd32(uint32_t pa) { return word(pa); }
static void wr8(uint32_t pa, uint8_t v) { if (portable) set_part(pa, 1, v); else *((volatile uint8_t *)phys(pa)) = v; }
static void wr16(uint32_t pa, uint16_t v) { if (portable) set_part(pa, 2, v); else *((volatile uint16_t *)phys(pa)) = v; }
static void wr32(uint32_t pa, uint32_t v) { set_word(pa, v); }
/* a 16-bit word that the host changes: until it is no longer @was, but not for ever */
static int changes(uint32_t pa, uint16_t was, int ms)
{
	for (int i = 0; i < ms * patience; i++) {
		if (rd16(pa) != was) return 1;
		usleep(1000);
	}
	return 0;
}
#define IPCC 0x58002000
#define VR0 0x5b040000
#define VR1 0x5b041000
static uint32_t VN = 8, VA = 16;
static uint16_t last0, last1;
static uint32_t usedoff(void) { uint32_t a = 16 * VN + 2 * (3 + VN); return (a + VA - 1) & ~(VA - 1); }
static void ipcc_rx(int ch)	/* the other processor raises channel ch */
{
	if (portable) {	/* a mailbox, not memory in the shape of one: it is taken when the bit is gone */
		wr32(IPCC + 0x10 + 8, 1u << (16 + ch));
		for (int i = 0; i < DEADLINE_MS * patience && rd32(IPCC + 0x10 + 0xc) >> ch & 1; i++) usleep(1000);
		return;
	}
	wr32(IPCC + 0x10 + 0xc, rd32(IPCC + 0x10 + 0xc) | 1u << ch);
	pend_spi(100);
	usleep(30000);
	wr32(IPCC + 0x10 + 0xc, rd32(IPCC + 0x10 + 0xc) & ~(1u << ch));
}
static int peer_send(uint32_t src, uint32_t dst, const char *d, int n)
{
	uint16_t av = rd16(VR0 + 16 * VN + 2);
	if (av == last0) return -1;
	uint16_t id = rd16(VR0 + 16 * VN + 4 + 2 * (last0 % VN));
	uint32_t buf = da2pa(rd32(VR0 + 16 * id));
	wr32(buf, src); wr32(buf + 4, dst); wr32(buf + 8, 0); wr16(buf + 12, n); wr16(buf + 14, 0);
	for (int i = 0; i < n; i++) wr8(buf + 16 + i, d[i]);
	uint32_t u = VR0 + usedoff(); uint16_t ui = rd16(u + 2);
	wr32(u + 4 + 8 * (ui % VN), id); wr32(u + 8 + 8 * (ui % VN), 16 + n); wr16(u + 2, ui + 1);
	last0++;
	ipcc_rx(0);
	if (portable) changes(VR0 + 16 * VN + 2, av, DEADLINE_MS);	/* it gives the buffer back */
	return n;
}
void do_peer(struct tok *t, int n)
{
	if (n < 2) { printf("= usage\n"); return; }
	if (!strcmp(t[1].s, "reset")) { last0 = last1 = 0; if (n > 2) VN = atoi(t[2].s); printf("= 0\n"); }
	else if (!strcmp(t[1].s, "ns")) {	/* peer ns NAME ADDR create|destroy */
		char m[40] = { 0 }; uint32_t a = strtoul(t[3].s, 0, 0), f = !strcmp(t[4].s, "destroy");
		memcpy(m, t[2].s, t[2].n < 32 ? t[2].n : 32); memcpy(m + 32, &a, 4); memcpy(m + 36, &f, 4);
		printf("= %d\n", peer_send(a, 0x35, m, 40));
	} else if (!strcmp(t[1].s, "send")) {	/* peer send SRC DST "data" */
		printf("= %d\n", peer_send(strtoul(t[2].s, 0, 0), strtoul(t[3].s, 0, 0), t[4].s, t[4].n));
	} else if (!strcmp(t[1].s, "recv")) {
		uint16_t av = rd16(VR1 + 16 * VN + 2);
		if (av == last1 && portable && changes(VR1 + 16 * VN + 2, av, 100)) av++;
		if (av == last1) { printf("= none\n"); return; }
		uint16_t id = rd16(VR1 + 16 * VN + 4 + 2 * (last1 % VN));
		uint32_t buf = da2pa(rd32(VR1 + 16 * id)); uint16_t l = rd16(buf + 12);
		char d[600]; for (int i = 0; i < l && i < 512; i++) d[i] = rd8(buf + 16 + i);
		printf("= %d src=0x%x dst=0x%x flags=0x%x \"", l, rd32(buf), rd32(buf + 4), rd16(buf + 14));
		esc(stdout, d, l, 0); printf("\"\n");
		uint32_t u = VR1 + usedoff(); uint16_t ui = rd16(u + 2);
		wr32(u + 4 + 8 * (ui % VN), id); wr32(u + 8 + 8 * (ui % VN), 0); wr16(u + 2, ui + 1);
		last1++;
	} else if (!strcmp(t[1].s, "used1")) { ipcc_rx(1); printf("= 0\n"); }	/* tell Linux its tx buffers came back */
	else if (!strcmp(t[1].s, "txfree")) {
		if (portable) wr32(IPCC + 0x18, 0x3f);	/* the far side has emptied its channels */
		else { pend_spi(101); usleep(20000); }
		printf("= 0\n");
	}
	else printf("= usage\n");
}

/* as insmod and rmmod: no driver is loaded twice, and a probe that fails is none of their business */
static void load(const char *verb)
{
	static int loaded;
	int up = !strcmp(verb, "setup");
	char b[8192];

	if (up == loaded) { printf("= 1\n"); return; }
	if (access(hook, W_OK)) { res(-1, "hook"); return; }
	tell(verb, b, sizeof b);
	loaded = up;
	printf("= 0\n");
}

/* things the user of the interface does not do: the hardware, or loading the driver */
void do_hw(struct tok *t, int n)
{
	char cmd[4096] = "";
	const char *v = n > 1 ? t[1].s : "";
	if (portable) {
		if (!hook) { printf("= SKIP\n"); return; }
		for (int i = 1; i < n; i++) { strncat(cmd, i > 1 ? " " : "", sizeof cmd - strlen(cmd) - 1); strncat(cmd, t[i].s, sizeof cmd - strlen(cmd) - 1); }
		if (!strcmp(v, "setup") || !strcmp(v, "teardown")) load(v);
		else ask(cmd);
		return;
	}
	if (!strcmp(v, "setup")) { int r = system("insmod /mod/stm32_rproc.ko"); printf("= %d\n", WEXITSTATUS(r)); }
	else if (!strcmp(v, "teardown")) { int r = system("rmmod stm32_rproc"); printf("= %d\n", WEXITSTATUS(r)); }
	else if (!strcmp(v, "watchdog")) { pend_spi(102); printf("= 0\n"); }
	else if (!strcmp(v, "ack")) {	/* ack on|off: the far side empties the mailbox at once */
		static pid_t kid;
		phys(0x08000200);
		if (kid) { kill(kid, 9); waitpid(kid, NULL, 0); kid = 0; }
		if (n > 2 && !strcmp(t[2].s, "on")) {
			fflush(stdout);
			if (!(kid = fork())) { while (getppid() != 1) { usleep(4000); if (~rd32(IPCC + 4) >> 16 & 0x3f) pend_spi(101); } _exit(0); }
		}
		printf("= 0\n");
	}
	else if (!strcmp(v, "bootloader-started")) {	/* the coprocessor already runs (M4_STATE_CRUN): table at DA (0: none) */
		uint32_t da = strtoul(t[2].s, 0, 0);
		*(volatile uint32_t *)phys(0x58000148) = 2; *(volatile uint32_t *)phys(0x58000144) = da; printf("= 0\n");
	} else if (!strcmp(v, "bootloader-off")) { *(volatile uint32_t *)phys(0x58000148) = 0; *(volatile uint32_t *)phys(0x58000144) = 0; printf("= 0\n"); }
	else if (!strcmp(v, "memset-table")) {	/* copy FILE's bytes to DA in the coprocessor's memory */
		FILE *f = fopen(t[2].s, "rb"); uint32_t da = strtoul(t[3].s, 0, 0), w; size_t k; int c = 0;
		if (!f) { printf("= %s\n", ename(errno)); return; }
		while (w = 0, (k = fread(&w, 1, 4, f)) > 0) { *(volatile uint32_t *)phys(da2pa(da)) = w; da += 4; c += k; }
		fclose(f); printf("= %d\n", c);
	} else printf("= usage\n");
}
