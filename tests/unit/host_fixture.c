/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the set-up of the host processor's tests. Loads images itself, so that
 * these tests need nothing of the core. Every wait has a deadline.
 */
#include "host_fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <ctype.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "channel.h"

int host_fixture_setup(void **state)
{
	struct host_fixture *fixture = *state;

	memset(fixture, 0, sizeof(*fixture));
	snprintf(fixture->state_dir, sizeof(fixture->state_dir), "/tmp/host-test.XXXXXX");
	assert_non_null(mkdtemp(fixture->state_dir));
	snprintf(fixture->name, sizeof(fixture->name), "t%x", (unsigned int)getpid());
	fixture->identity.name = fixture->name;
	fixture->identity.state_dir = fixture->state_dir;
	fixture->identity.window_len = HOST_TEST_WINDOW;
	host_client_init(&fixture->client);
	return 0;
}

int host_fixture_teardown(void **state)
{
	struct host_fixture *fixture = *state;
	char path[128];

	host_client_power_off(&fixture->client, true);
	/* A test that failed half-way may have left one detached. */
	if (!host_client_claim(&fixture->client, &fixture->identity))
		host_client_attach(&fixture->client);
	host_client_fini(&fixture->client);
	snprintf(path, sizeof(path), "%s/%s.sock", fixture->state_dir, fixture->identity.name);
	unlink(path);
	assert_int_equal(rmdir(fixture->state_dir), 0);
	assert_true(host_fixture_await_no_processes(fixture->name));
	return 0;
}

static size_t read_image(const char *name, void **ret_bytes)
{
	char path[512];
	struct stat st;
	void *bytes;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.elf", HOST_TEST_FIRMWARE_DIR, name);
	file = fopen(path, "rb");
	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &st), 0);
	bytes = malloc((size_t)st.st_size);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, (size_t)st.st_size, file), st.st_size);
	fclose(file);
	*ret_bytes = bytes;
	return (size_t)st.st_size;
}

void host_fixture_load(struct host_fixture *fixture, const char *name)
{
	uint8_t *const window = host_client_window(&fixture->client);
	struct host_layout *const layout = &fixture->layout;
	const Elf64_Phdr *phdr;
	const Elf64_Ehdr *ehdr;
	void *bytes;
	uint64_t at;
	int i;

	read_image(name, &bytes);
	ehdr = bytes;
	memset(layout, 0, sizeof(*layout));
	layout->entry = ehdr->e_entry;
	for (i = 0; i < ehdr->e_phnum; i++) {
		phdr = (const Elf64_Phdr *)((char *)bytes + ehdr->e_phoff) + i;
		if (phdr->p_type != PT_LOAD)
			continue;
		at = phdr->p_paddr - RPROC_HOST_WINDOW_DA;
		assert_true(at + phdr->p_memsz <= fixture->client.window_len);
		memcpy(window + at, (char *)bytes + phdr->p_offset, phdr->p_filesz);
		memset(window + at + phdr->p_filesz, 0, phdr->p_memsz - phdr->p_filesz);
		layout->range[layout->num_ranges].da = (uint32_t)phdr->p_paddr;
		layout->range[layout->num_ranges++].len = (uint32_t)phdr->p_memsz;
	}
	/* The examples' linker script: the table is the first thing of the data segment. */
	if (layout->num_ranges == 2) {
		layout->table_da = layout->range[1].da;
		layout->table_len = 68;
	}
	free(bytes);
}

void host_fixture_boot(struct host_fixture *fixture, const char *name)
{
	if (!fixture->client.map)
		assert_int_equal(host_client_power_on(&fixture->client, &fixture->identity), 0);
	host_fixture_load(fixture, name);
	assert_int_equal(host_client_start(&fixture->client, &fixture->identity, &fixture->layout),
			 0);
}

/* The trace of an example, as its table says. */
static const char *trace(const struct host_fixture *fixture)
{
	const uint8_t *const window = host_client_window(&fixture->client);
	uint32_t da;

	memcpy(&da, window + (fixture->layout.table_da - RPROC_HOST_WINDOW_DA) + 24, sizeof(da));
	return (const char *)window + (da - RPROC_HOST_WINDOW_DA);
}

void host_fixture_await_trace(struct host_fixture *fixture, const char *text)
{
	const int64_t deadline = host_now_ms() + HOST_TEST_MS;
	struct pollfd never = { .fd = -1 };
	char copy[4096];

	do {
		memcpy(copy, trace(fixture), sizeof(copy));
		copy[sizeof(copy) - 1] = '\0';
		if (strstr(copy, text))
			return;
		poll(&never, 1, 1);
	} while (host_now_ms() < deadline);
	fail_msg("no \"%s\" in the trace, but \"%s\"", text, copy);
}

uint64_t host_fixture_notified(struct host_fixture *fixture)
{
	eventfd_t rings;

	eventfd_read(fixture->client.doorbell, &rings);
	return host_client_take_notified(&fixture->client);
}

bool host_fixture_await_fd(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, HOST_TEST_MS) == 1;
}

void host_fixture_await_death(struct host_fixture *fixture, struct host_death *ret_death)
{
	int ret;

	do {
		assert_true(host_fixture_await_fd(fixture->client.event));
		ret = host_client_read_death(&fixture->client, ret_death);
	} while (!ret);
}

bool host_fixture_await_word(const uint64_t *word, uint64_t value)
{
	const int64_t deadline = host_now_ms() + HOST_TEST_MS;
	struct pollfd never = { .fd = -1 };

	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) < value) {
		if (host_now_ms() >= deadline)
			return false;
		poll(&never, 1, 1);
	}
	return true;
}

/* The name of a living process; "" for others. A zombie waits for init, not for us. */
static void read_comm(const char *pid, char *ret_comm, size_t len)
{
	char path[64], line[512] = "", *comm, *end;
	FILE *file;

	ret_comm[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%.16s/stat", pid);
	file = fopen(path, "r");
	if (!file)
		return;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	comm = strchr(line, '(');
	end = strrchr(line, ')');
	if (!comm || !end || end[2] == 'Z' || end[2] == 'X')
		return;
	*end = '\0';
	snprintf(ret_comm, len, "%s", comm + 1);
}

static int find_processes(const char *want, int *ret_pid)
{
	const struct dirent *entry;
	char comm[32];
	int count = 0;
	DIR *proc;

	proc = opendir("/proc");
	assert_non_null(proc);
	while ((entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		read_comm(entry->d_name, comm, sizeof(comm));
		if (strcmp(comm, want) != 0)
			continue;
		*ret_pid = atoi(entry->d_name);
		count++;
	}
	closedir(proc);
	return count;
}

int host_fixture_find_process(const char *comm)
{
	int pid = 0;

	find_processes(comm, &pid);
	return pid;
}

int host_fixture_count_processes(const char *name)
{
	char monitor[16], firmware[16];
	int ignored;

	snprintf(monitor, sizeof(monitor), "rproc:%s", name);
	snprintf(firmware, sizeof(firmware), "fw:%s", name);
	return find_processes(monitor, &ignored) + find_processes(firmware, &ignored);
}

bool host_fixture_await_no_processes(const char *name)
{
	return host_fixture_await_processes(name, 0);
}

bool host_fixture_await_processes(const char *name, int count)
{
	const int64_t deadline = host_now_ms() + HOST_TEST_MS;
	struct pollfd never = { .fd = -1 };

	while (host_fixture_count_processes(name) != count) {
		if (host_now_ms() >= deadline)
			return false;
		poll(&never, 1, 5);
	}
	return true;
}

int host_fixture_count_fds(void)
{
	int count = 0;
	DIR *dir;

	dir = opendir("/proc/self/fd");
	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

int64_t host_fixture_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
