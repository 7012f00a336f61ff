/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs a fuzz target over files and directories without libFuzzer, so that any
 * compiler's build replays the corpus and the defects found. Each input lies in a heap
 * block of exactly its size. Knows no target.
 */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static unsigned long replayed;

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size)
{
	(void)data;
	return size < max_size ? size : max_size;
}

static int complain(const char *path)
{
	int error = errno;

	fprintf(stderr, "replay: %s: %s\n", path, strerror(error));
	return 1;
}

static int replay_file(const char *path, size_t size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data;
	int ret = 0;

	if (!file)
		return complain(path);
	data = malloc(size ? size : 1);
	if (!data || fread(data, 1, size, file) != size) {
		ret = complain(path);
	} else {
		/* the last path printed is the one that crashed */
		printf("%s\n", path);
		fflush(stdout);
		LLVMFuzzerTestOneInput(data, size);
		replayed++;
	}
	free(data);
	fclose(file);
	return ret;
}

static int replay(const char *path);

static int replay_directory(const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, alphasort);
	char child[4096];
	int ret = 0;

	if (count < 0)
		return complain(path);
	for (int i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.') {
			snprintf(child, sizeof(child), "%s/%s", path, entries[i]->d_name);
			ret |= replay(child);
		}
		free(entries[i]);
	}
	free(entries);
	return ret;
}

static int replay(const char *path)
{
	struct stat status;

	if (stat(path, &status))
		return complain(path);
	if (S_ISDIR(status.st_mode))
		return replay_directory(path);
	return replay_file(path, (size_t)status.st_size);
}

int main(int argc, char **argv)
{
	int ret = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: %s FILE-OR-DIRECTORY...\n", argv[0]);
		return 2;
	}
	for (int i = 1; i < argc; i++)
		ret |= replay(argv[i]);
	printf("%lu inputs replayed\n", replayed);
	/* an empty corpus would be a test that cannot fail */
	return ret || !replayed;
}
