/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * make_fixtures OUTDIR: writes each shape of fixture_shapes.c to a file of its
 * name, and a list of their verdicts to OUTDIR/INDEX. Knows nothing of shapes.
 */
#include "fixture_builder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char *const verdicts[] = {
	[FIXTURE_LOADS] = "loads",
	[FIXTURE_NO_TABLE] = "no-table",
	[FIXTURE_NEEDS_IOMMU] = "needs-iommu",
	[FIXTURE_BAD_TABLE] = "bad-table",
	[FIXTURE_BAD_SEGMENT] = "bad-segment",
	[FIXTURE_REFUSED] = "refused",
};

static int write_shape(const char *dir, const struct fixture_shape *shape, FILE *index)
{
	struct fixture_image image = shape->build();
	char path[4096];
	FILE *file;
	int ret = 0;

	snprintf(path, sizeof(path), "%s/%s.elf", dir, shape->name);
	file = fopen(path, "wb");
	if (!file || fwrite(image.data, 1, image.size, file) != image.size)
		ret = -errno;
	if (file && fclose(file) && !ret)
		ret = -errno;
	if (ret)
		fprintf(stderr, "make_fixtures: %s: %s\n", path, strerror(-ret));
	fprintf(index, "%s.elf %s %s\n", shape->name, verdicts[shape->verdict],
		shape->on_host_board ? "host" : "elsewhere");
	fixture_image_free(&image);
	return ret;
}

int main(int argc, char **argv)
{
	char path[4096];
	FILE *index;
	int ret = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: make_fixtures OUTDIR\n");
		return 2;
	}
	if (mkdir(argv[1], 0777) && errno != EEXIST) {
		fprintf(stderr, "make_fixtures: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	snprintf(path, sizeof(path), "%s/INDEX", argv[1]);
	index = fopen(path, "w");
	if (!index) {
		fprintf(stderr, "make_fixtures: %s: %s\n", path, strerror(errno));
		return 1;
	}
	for (size_t i = 0; i < fixture_num_shapes; i++)
		if (write_shape(argv[1], &fixture_shapes[i], index))
			ret = 1;
	if (fclose(index))
		ret = 1;
	return ret;
}
