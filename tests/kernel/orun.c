/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * orun - replay a list of user-visible actions (cases.txt) and print, for each
 * one, exactly what the kernel (or a FUSE mount standing in for it) answered.
 *
 *   orun [--class DIR] [--debug DIR] [--dev DIR] [--fw DIR] [--sys DIR]
 *        [--portable] [--no-log] < cases.txt > golden.txt
 *
 * --portable  skip actions which only make sense inside the QEMU guest
 *             (sh, poke, peek, irq, peer): they answer "= SKIP"
 * --hook FILE with --portable, write "hw", "peek" and "poke" actions to that file, a
 *             line each, reach the memory for "peer" in the same way, and do "sh" actions
 * --log PATH  log records in the format of /dev/kmsg
 * --no-log    do not collect /dev/kmsg ("~") and uevents ("^")
 * --patience N  give what has to happen N times as long as a case says
 * --hangs N  interrupt an action after N seconds: it answers EINTR, and the next one is done
 *
 * A line of input may begin with @N: that many lines of the log belong to the action.
 * It is over when they are there, and not after a time without any. @Nx: it waits in vain.
 *
 * Line format: see README.md.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/netlink.h>
#include "orun.h"

#define RPROC_SET_SHUTDOWN_ON_RELEASE _IOW(0xB7, 1, int32_t)
#define RPROC_GET_SHUTDOWN_ON_RELEASE _IOR(0xB7, 2, int32_t)
struct rpmsg_endpoint_info { char name[32]; uint32_t src, dst; };
#define RPMSG_CREATE_EPT_IOCTL  _IOW(0xb5, 0x1, struct rpmsg_endpoint_info)
#define RPMSG_DESTROY_EPT_IOCTL _IO(0xb5, 0x2)
#define RPMSG_CREATE_DEV_IOCTL  _IOW(0xb5, 0x3, struct rpmsg_endpoint_info)
#define RPMSG_RELEASE_DEV_IOCTL _IOW(0xb5, 0x4, struct rpmsg_endpoint_info)

static const char *R_class = "/sys/class", *R_debug = "/sys/kernel/debug",
	*R_dev = "/dev", *R_fw = "/lib/firmware", *R_sys = "/sys";
int portable, patience = 1;
const char *hook;
static int nolog, hangs_s;
static const char *logpath = "/dev/kmsg";
static int kfd = -1, ufd = -1;

#define MAXTOK 12

const char *ename(int e)
{
	const char *s = strerrorname_np(e);
	static char b[32];
	if (s) return s;
	snprintf(b, sizeof b, "errno%d", e);
	return b;
}

void esc(FILE *f, const char *p, size_t n, int nlbreak)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = p[i];
		if (c == '\n') fputs(nlbreak ? "\\n" : "\\n", f);
		else if (c == '\t') fputs("\\t", f);
		else if (c == '\\') fputs("\\\\", f);
		else if (c == '"') fputs("\\\"", f);
		else if (c < 32 || c > 126) fprintf(f, "\\x%02x", c);
		else fputc(c, f);
	}
}

/* replace pointer values, which differ from boot to boot */
static void mask(char *s)
{
	static const char *keys[] = { "Virtual address: ", "[hdr: ", " va ", "SEQNUM=", NULL };
	for (int k = 0; keys[k]; k++) {
		char *p = s;
		while ((p = strstr(p, keys[k]))) {
			p += strlen(keys[k]);
			size_t n = strspn(p, "0123456789abcdef");
			if (n >= 4) {
				memmove(p + 5, p + n, strlen(p + n) + 1);
				memcpy(p, "<ptr>", 5);
			}
		}
	}
}

/* print data: one line => quoted; several lines => "| line" each */
static void outdata(const char *p, size_t n)
{
	size_t nl = 0;
	for (size_t i = 0; i < n; i++) nl += p[i] == '\n';
	if (nl <= 1 && n < 400) {
		char *c = malloc(n + 64); memcpy(c, p, n); c[n] = 0;
		if (!memchr(c, 0, n)) { mask(c); n = strlen(c); }
		printf(" \""); esc(stdout, c, n, 0); printf("\"\n");
		free(c);
		return;
	}
	printf("\n");
	size_t i = 0;
	while (i < n) {
		size_t j = i;
		while (j < n && p[j] != '\n') j++;
		char *l = malloc(j - i + 64);
		memcpy(l, p + i, j - i); l[j - i] = 0;
		if (memchr(p + i, 0, j - i) == NULL) mask(l);
		size_t ll = memchr(p + i, 0, j - i) ? j - i : strlen(l);
		printf("| ");
		if (ll > 600) { esc(stdout, l, 200, 0); printf("...[%zu bytes]", ll); }
		else esc(stdout, l, ll, 0);
		printf(j < n ? "\n" : "\\c\n");	/* \c: no newline at end */
		free(l);
		i = j + 1;
	}
}

static void path(char *o, size_t n, const char *p)
{
	static const struct { const char *k; const char **v; } m[] = {
		{ "class/", &R_class }, { "debug/", &R_debug }, { "dev/", &R_dev },
		{ "fw/", &R_fw }, { "sys/", &R_sys } };
	for (unsigned i = 0; i < sizeof m / sizeof *m; i++)
		if (!strncmp(p, m[i].k, strlen(m[i].k))) {
			snprintf(o, n, "%s/%s", *m[i].v, p + strlen(m[i].k));
			return;
		}
	snprintf(o, n, "%s", p);
}

static int tokenize(char *l, struct tok *t)
{
	int n = 0;
	while (n < MAXTOK) {
		while (isspace((unsigned char)*l)) l++;
		if (!*l || *l == '#') break;
		if (*l == '"') {
			char *o = ++l, *w = o;
			while (*l && *l != '"') {
				if (*l == '\\') {
					l++;
					switch (*l) {
					case 'n': *w++ = '\n'; break;
					case 't': *w++ = '\t'; break;
					case 'r': *w++ = '\r'; break;
					case '0': *w++ = 0; break;
					case 'x': { char h[3] = { l[1], l[2], 0 }; *w++ = strtol(h, 0, 16); l += 2; break; }
					default: *w++ = *l;
					}
					l++;
				} else *w++ = *l++;
			}
			if (*l) l++;
			t[n].s = o; t[n].n = w - o; n++;
			if (*w != 0 || w < l) { /* keep NUL after token */ }
			*w = 0;
		} else if (!strncmp(l, "%rep:", 5)) {
			int c = strtol(l + 5, &l, 10);
			if (*l == ':') l++;
			char ch = *l++;
			char *s = malloc(c + 1); memset(s, ch, c); s[c] = 0;
			t[n].s = s; t[n].n = c; n++;
		} else {
			t[n].s = l;
			while (*l && !isspace((unsigned char)*l)) l++;
			t[n].n = l - t[n].s;
			n++;
			if (*l) *l++ = 0;
		}
	}
	return n;
}

static int interesting(char *s)
{
	static int dump;	/* inside a WARN/oops dump: keep only its first line, registers differ from run to run */
	if (strstr(s, "[ cut here ]")) { dump = 1; return 0; }
	if (strstr(s, "[ end trace ")) { dump = 0; return 0; }
	if (dump) {
		char *p = strstr(s, "PID: ");
		if (!strstr(s, "WARNING: ")) return 0;
		if (p) { char *e = strstr(p, " at "); if (e) memmove(p + 3, e, strlen(e) + 1); }
		return 1;
	}
	static const char *no[] = { "random:", "crng", "clocksource", "sched_clock", "hrtimer", "perf:", "rcu:", NULL };
	for (int i = 0; no[i]; i++) if (strstr(s, no[i])) return 0;
	return 1;
}

/* one record of the log; 0: none was there */
static int take_log(void)
{
	static char b[16384];
	ssize_t n = read(kfd, b, sizeof b - 1);
	if (n < 0 && errno != EPIPE && errno != EAGAIN) { close(kfd); kfd = -1; }
	if (n <= 0) return 0;
	b[n] = 0;
	int lvl = atoi(b) & 7;
	char *m = strchr(b, ';');
	if (!m) return 0;
	m++;
	char *e = strchr(m, '\n'); if (e) *e = 0;
	mask(m);
	if (!interesting(m)) return 0;
	printf("~ %d %s\n", lvl, m);
	return 1;
}

static void take_uevent(FILE *U)
{
	static char b[16384];
	ssize_t n = recv(ufd, b, sizeof b - 1, MSG_DONTWAIT);
	if (n <= 0) return;
	b[n] = 0;
	char *q = b; int first = 1;
	while (q < b + n) {
		size_t l = strlen(q);
		if (first) fprintf(U, "^ %s", q);
		else if (strncmp(q, "ACTION=", 7) && strncmp(q, "DEVPATH=", 8) && strncmp(q, "SEQNUM=", 7))
			fprintf(U, " %s", q);
		first = 0; q += l + 1;
	}
	fprintf(U, "\n");
}

/* what the log says: until it is quiet for a while, or all of @expected lines are there */
static void drain(int quiet_ms, int expected)
{
	char *ub = NULL; size_t ul = 0;
	if (nolog) return;
	FILE *U = open_memstream(&ub, &ul);	/* uevents are printed after the log lines */
	for (;;) {
		struct pollfd p[2] = { { kfd, POLLIN, 0 }, { ufd, POLLIN, 0 } };
		int r = poll(p, 2, expected > 0 ? DEADLINE_MS * patience : expected ? quiet_ms : 0);
		if (r <= 0) break;
		if (p[0].revents) { int n = take_log(); if (expected > 0) expected -= n; }
		if (p[1].revents) take_uevent(U);
	}
	fclose(U);
	fputs(ub, stdout);
	free(ub);
}

void res(long r, const char *stage)
{
	if (r < 0) { if (stage) printf("= %s:%s\n", stage, ename(errno)); else printf("= %s\n", ename(errno)); }
	else printf("= %ld\n", r);
}

static char *slurp(int fd, size_t *n, int *err)
{
	size_t cap = 1 << 16, l = 0; char *b = malloc(cap); *err = 0;
	for (;;) {
		if (cap - l < 65536) b = realloc(b, cap *= 2);
		ssize_t r = read(fd, b + l, 65536);
		if (r < 0) { *err = errno; break; }
		if (!r) break;
		l += r;
	}
	*n = l;
	return b;
}

static int oflags(const char *s)
{
	int f = 0;
	char b[128]; snprintf(b, sizeof b, "%s", s);
	for (char *t = strtok(b, ","); t; t = strtok(NULL, ",")) {
		if (!strcmp(t, "r")) f |= O_RDONLY; else if (!strcmp(t, "w")) f |= O_WRONLY;
		else if (!strcmp(t, "rw")) f |= O_RDWR; else if (!strcmp(t, "trunc")) f |= O_TRUNC;
		else if (!strcmp(t, "append")) f |= O_APPEND; else if (!strcmp(t, "creat")) f |= O_CREAT;
		else if (!strcmp(t, "nonblock")) f |= O_NONBLOCK; else if (!strcmp(t, "excl")) f |= O_EXCL;
		else if (!strcmp(t, "directory")) f |= O_DIRECTORY;
	}
	return f;
}

static int cmpname(const void *a, const void *b) { return strcmp(*(char **)a, *(char **)b); }

static void statline(const char *dir, const char *name)
{
	char p[4096]; struct stat st;
	if (name) snprintf(p, sizeof p, "%s/%s", dir, name); else snprintf(p, sizeof p, "%s", dir);
	if (lstat(p, &st)) { printf("| ? %s %s\n", name ? name : dir, ename(errno)); return; }
	const char *ty = S_ISDIR(st.st_mode) ? "dir" : S_ISLNK(st.st_mode) ? "link" : S_ISCHR(st.st_mode) ? "chr" : S_ISREG(st.st_mode) ? "file" : "other";
	printf("| %-4s %04o %ld %d:%d %s", ty, st.st_mode & 07777, S_ISCHR(st.st_mode) ? 0L : (long)st.st_size, (int)st.st_uid, (int)st.st_gid, name ? name : ".");
	if (S_ISLNK(st.st_mode)) { char l[4096]; ssize_t n = readlink(p, l, sizeof l - 1); if (n >= 0) { l[n] = 0; printf(" -> %s", l); } }
	printf("\n");
}

static long do_ioctl(int fd, struct tok *t, int n)
{
	const char *c = t[2].s;
	if (!strcmp(c, "RPROC_SET_SHUTDOWN_ON_RELEASE")) { int32_t v = atoi(t[3].s); return ioctl(fd, RPROC_SET_SHUTDOWN_ON_RELEASE, &v); }
	if (!strcmp(c, "RPROC_GET_SHUTDOWN_ON_RELEASE")) { int32_t v = -1; long r = ioctl(fd, RPROC_GET_SHUTDOWN_ON_RELEASE, &v); if (r >= 0) { printf("= %ld value=%d\n", r, v); return -99; } return r; }
	if (!strcmp(c, "RPMSG_CREATE_EPT") || !strcmp(c, "RPMSG_CREATE_DEV") || !strcmp(c, "RPMSG_RELEASE_DEV")) {
		struct rpmsg_endpoint_info e; memset(&e, 0, sizeof e);
		memcpy(e.name, t[3].s, t[3].n < 32 ? t[3].n : 32); e.src = strtoul(t[4].s, 0, 0); e.dst = strtoul(t[5].s, 0, 0);
		return ioctl(fd, c[6] == 'R' ? RPMSG_RELEASE_DEV_IOCTL : c[13] == 'E' ? RPMSG_CREATE_EPT_IOCTL : RPMSG_CREATE_DEV_IOCTL, &e);
	}
	if (!strcmp(c, "RPMSG_DESTROY_EPT")) return ioctl(fd, RPMSG_DESTROY_EPT_IOCTL, 0);
	if (!strcmp(c, "NULLPTR_SET")) return ioctl(fd, RPROC_SET_SHUTDOWN_ON_RELEASE, NULL);
	return ioctl(fd, strtoul(c, 0, 0), n > 3 ? strtoul(t[3].s, 0, 0) : 0);
}


static int H[16];

/* a command line that says /dev means --dev, where that has what is meant */
static char *in_our_dev(const char *line)
{
	char *sh = malloc(strlen(line) * (strlen(R_dev) + 1) + 1), *w = sh;

	for (const char *c = line; *c;) {
		const char *r = c + 4;
		int ours = !strncmp(c, "/dev", 4) && (c == line || strchr(" \t\"'<>=", c[-1])) &&
			(!*r || strchr(" \t|;&)", *r) || !strncmp(r, "/rpmsg", 6) || !strncmp(r, "/remoteproc", 11) ||
			 !strncmp(r, "/ttyRPMSG", 9));
		if (ours) { w = stpcpy(w, R_dev); c += 4; } else *w++ = *c++;
	}
	*w = 0;
	return sh;
}

static void run(char *line)
{
	struct tok t[MAXTOK]; char p[4096], *keep = strdup(line), *sh = NULL;
	/* "sh" takes the rest of the line verbatim */
	char *l = line; while (isspace((unsigned char)*l)) l++;
	int expected = -1, in_vain = 0;
	if (*l == '@') {
		expected = strtol(l + 1, &l, 10);
		in_vain = *l == 'x' && l++;
		while (isspace((unsigned char)*l)) l++;
		strcpy(keep, l);
	}
	if (!*l) { free(keep); return; }
	if (*l == '#') { printf("%s\n", l); free(keep); return; }
	if (!strncmp(l, "case ", 5)) { drain(50, expected); printf("\n## %s\n", l + 5); free(keep); return; }
	printf("> %s\n", keep);
	fflush(stdout);
	if (!strncmp(l, "sh ", 3)) sh = portable ? in_our_dev(l + 3) : strdup(l + 3);
	int n = tokenize(l, t), quiet = 0;
	if (!n) return;
	const char *a = t[0].s;
	if (n > 1) path(p, sizeof p, t[1].s);
	if (portable && hook && (!strcmp(a, "poke") || !strcmp(a, "peek"))) {
		uint32_t pa = n > 1 ? strtoul(t[1].s, 0, 0) : 0; char cmd[64], b[8192];
		if (!strcmp(a, "peek")) { snprintf(cmd, sizeof cmd, "peek 0x%x", pa); ask(cmd); }
		else {
			snprintf(cmd, sizeof cmd, "poke 0x%x 0x%x", pa, n > 2 ? (uint32_t)strtoul(t[2].s, 0, 0) : 0);
			if (tell(cmd, b, sizeof b)) res(-1, NULL); else printf("= ok\n");
		}
	} else if (portable && (!(sh ? hook : NULL) || !sh) && (!strcmp(a, "sh") || !strcmp(a, "poke") || !strcmp(a, "peek") || (!strcmp(a, "irq") && !hook) || (!strcmp(a, "peer") && !hook))) {
		printf("= SKIP\n");
	} else if (sh) {
		char limited[64];
		snprintf(limited, sizeof limited, "timeout -k 5 %d sh -c \"$ORUN_SH\"", hangs_s);
		setenv("ORUN_SH", sh, 1);
		FILE *f = popen(hangs_s ? limited : sh, "r"); size_t len; int er; char *b;
		b = slurp(fileno(f), &len, &er);
		int st = pclose(f);
		printf("= %d", WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st));
		if (len) outdata(b, len); else printf("\n");
		free(b); quiet = 100;
	} else if (!strcmp(a, "read") || !strcmp(a, "readnb")) {
		int fd = open(p, O_RDONLY | (a[4] ? O_NONBLOCK : 0));
		if (fd < 0) res(-1, "open");
		else {
			size_t len; int er; char *b = slurp(fd, &len, &er);
			if (er && !len) { errno = er; res(-1, NULL); }
			else { printf("= %zu", len); outdata(b, len); if (er) printf("| then %s\n", ename(er)); }
			free(b); close(fd);
		}
	} else if (!strcmp(a, "write")) {
		int fd = open(p, O_WRONLY);
		if (fd < 0) res(-1, "open"); else { res(write(fd, t[2].s, t[2].n), NULL); close(fd); }
		quiet = strstr(p, "/crash") ? 250 : 90;
	} else if (!strcmp(a, "open")) {
		int fd = open(p, oflags(n > 2 ? t[2].s : "r"), 0644);
		if (fd < 0) res(-1, NULL); else { printf("= ok\n"); close(fd); }
		quiet = 60;
	} else if (!strcmp(a, "truncate")) { res(truncate(p, atoi(t[2].s)), NULL);
	} else if (!strcmp(a, "unlink")) { res(unlink(p), NULL);
	} else if (!strcmp(a, "mkdir")) { res(mkdir(p, 0755), NULL);
	} else if (!strcmp(a, "rmdir")) { res(rmdir(p), NULL);
	} else if (!strcmp(a, "rename")) { char q[4096]; path(q, sizeof q, t[2].s); res(rename(p, q), NULL);
	} else if (!strcmp(a, "chmod")) { res(chmod(p, strtol(t[2].s, 0, 8)), NULL);
	} else if (!strcmp(a, "chown")) { res(chown(p, atoi(t[2].s), atoi(t[3].s)), NULL);
	} else if (!strcmp(a, "access")) { res(access(p, F_OK), NULL);
	} else if (!strcmp(a, "euid")) { if (seteuid(0)) {} res(seteuid(atoi(t[1].s)), NULL);
	} else if (!strcmp(a, "mmap")) {
		int fd = open(p, O_RDONLY); if (fd < 0) res(-1, "open");
		else { void *m = mmap(0, 4096, PROT_READ, MAP_SHARED, fd, 0); if (m == MAP_FAILED) res(-1, NULL); else { printf("= ok\n"); munmap(m, 4096); } close(fd); }
	} else if (!strcmp(a, "stat")) { struct stat st; if (lstat(p, &st)) res(-1, NULL); else { printf("= ok\n"); statline(p, NULL); }
	} else if (!strcmp(a, "ls")) {
		DIR *d = opendir(p);
		if (!d) res(-1, NULL);
		else {
			char *v[512]; int c = 0; struct dirent *e;
			while ((e = readdir(d)) && c < 512) if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..")) v[c++] = strdup(e->d_name);
			closedir(d); qsort(v, c, sizeof *v, cmpname);
			printf("= %d\n", c); statline(p, NULL);
			for (int i = 0; i < c; i++) { statline(p, v[i]); free(v[i]); }
		}
	} else if (!strcmp(a, "readlink")) {
		char b[4096]; ssize_t r = readlink(p, b, sizeof b); if (r < 0) res(-1, NULL); else { printf("= %zd", r); outdata(b, r); }
	} else if (!strcmp(a, "wait")) {	/* wait PATH "value" timeout_ms */
		int ms = (n > 3 ? atoi(t[3].s) : 2000) * (in_vain ? 1 : patience), w = 0; const char *r = "timeout";
		while (w <= ms) {
			int fd = open(p, O_RDONLY); char b[256];
			if (fd >= 0) { ssize_t k = read(fd, b, sizeof b); close(fd); if (k == (ssize_t)t[2].n && !memcmp(b, t[2].s, k)) { r = "ok"; break; } }
			usleep(10000); w += 10;
		}
		printf("= %s\n", r); quiet = 90;
	} else if (!strcmp(a, "sleep")) { usleep(atoi(t[1].s) * 1000); printf("= ok\n"); quiet = 50;
	} else if (!strcmp(a, "fdopen")) {	/* fdopen N PATH FLAGS */
		int i = atoi(t[1].s); path(p, sizeof p, t[2].s); H[i] = open(p, oflags(t[3].s));
		if (H[i] < 0) res(-1, NULL); else printf("= ok\n");
	} else if (!strcmp(a, "fdwrite")) { res(write(H[atoi(t[1].s)], t[2].s, t[2].n), NULL); quiet = 90;
	} else if (!strcmp(a, "fdread")) {
		size_t k = atoi(t[2].s); char *b = malloc(k + 1); ssize_t r = read(H[atoi(t[1].s)], b, k);
		if (r < 0) res(-1, NULL); else { printf("= %zd", r); outdata(b, r); } free(b);
	} else if (!strcmp(a, "fdseek")) { res(lseek(H[atoi(t[1].s)], atol(t[2].s), !strcmp(t[3].s, "set") ? SEEK_SET : !strcmp(t[3].s, "cur") ? SEEK_CUR : SEEK_END), NULL);
	} else if (!strcmp(a, "fdpread")) {
		size_t k = atoi(t[2].s); char *b = malloc(k + 1); ssize_t r = pread(H[atoi(t[1].s)], b, k, atol(t[3].s));
		if (r < 0) res(-1, NULL); else { printf("= %zd", r); outdata(b, r); } free(b);
	} else if (!strcmp(a, "fdpwrite")) { res(pwrite(H[atoi(t[1].s)], t[2].s, t[2].n, atol(t[3].s)), NULL); quiet = 90;
	} else if (!strcmp(a, "fdpoll")) {
		struct pollfd q = { H[atoi(t[1].s)], POLLIN | POLLOUT | POLLPRI | POLLERR, 0 }; int r = poll(&q, 1, n > 2 ? atoi(t[2].s) : 0);
		printf("= %d revents=0x%x\n", r, q.revents);
	} else if (!strcmp(a, "fdioctl")) { long r = do_ioctl(H[atoi(t[1].s)], t, n); if (r != -99) res(r, NULL); quiet = 60;
	} else if (!strcmp(a, "fdclose")) { res(close(H[atoi(t[1].s)]), NULL); quiet = 120;
	} else if (!strcmp(a, "poke")) { uint32_t *q = phys(strtoul(t[1].s, 0, 0)); if (q) { *(volatile uint32_t *)q = strtoul(t[2].s, 0, 0); printf("= ok\n"); } else res(-1, NULL);
	} else if (!strcmp(a, "peek")) { uint32_t *q = phys(strtoul(t[1].s, 0, 0)); if (q) printf("= 0x%08x\n", *(volatile uint32_t *)q); else res(-1, NULL);
	} else if (!strcmp(a, "irq")) { pend_spi(atoi(t[1].s)); printf("= ok\n"); quiet = 250;
	} else if (!strcmp(a, "hw")) { do_hw(t, n); quiet = 250;
	} else if (!strcmp(a, "peer")) { do_peer(t, n); quiet = 120;
	} else printf("= UNKNOWN-ACTION\n");
	drain(quiet, expected);
	fflush(stdout);
	free(keep);
}

static void interrupt(int signal) { (void)signal; }

int main(int c, char **v)
{
	struct sigaction hangs = { .sa_handler = interrupt };	/* what it hangs in ends with EINTR */
	sigaction(SIGALRM, &hangs, NULL);
	for (int i = 1; i < c; i++) {
		if (!strcmp(v[i], "--class")) R_class = v[++i]; else if (!strcmp(v[i], "--debug")) R_debug = v[++i];
		else if (!strcmp(v[i], "--dev")) R_dev = v[++i]; else if (!strcmp(v[i], "--fw")) R_fw = v[++i];
		else if (!strcmp(v[i], "--sys")) R_sys = v[++i]; else if (!strcmp(v[i], "--portable")) portable = 1;
		else if (!strcmp(v[i], "--no-log")) nolog = 1;
		else if (!strcmp(v[i], "--hook")) hook = v[++i];
		else if (!strcmp(v[i], "--log")) logpath = v[++i];
		else if (!strcmp(v[i], "--patience")) patience = atoi(v[++i]);
		else if (!strcmp(v[i], "--hangs")) hangs_s = atoi(v[++i]);
	}
	if (!nolog) {
		kfd = open(logpath, O_RDONLY | O_NONBLOCK);
		if (kfd >= 0) lseek(kfd, 0, SEEK_END);
		ufd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
		struct sockaddr_nl nl = { .nl_family = AF_NETLINK, .nl_groups = 1 };
		int sz = 1 << 20; setsockopt(ufd, SOL_SOCKET, SO_RCVBUF, &sz, sizeof sz);
		if (bind(ufd, (void *)&nl, sizeof nl)) { close(ufd); ufd = -1; }
	}
	char *l = NULL; size_t cap = 0; ssize_t k;
	while ((k = getline(&l, &cap, stdin)) > 0) {
		while (k && (l[k - 1] == '\n' || l[k - 1] == '\r')) l[--k] = 0;
		alarm(hangs_s);
		run(l);
		alarm(0);
	}
	drain(100, -1);
	return 0;
}
