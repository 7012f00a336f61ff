/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Names files that are given as firmware and are none: containers, compressed
 * files, other vendors' formats, raw binaries. Guesses from a few bytes, only
 * ever for a story: no verdict depends on it.
 */
#include "image/image.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

#define ST_HEADER_LEN 20
#define ST_MAGIC      0x3543a468u

struct signature {
	const char *magic;
	size_t len;
	const char *text;
};

static const struct signature signatures[] = {
	{ "\x1f\x8b", 2, "it is a gzip file: unpack it with gunzip first" },
	{ "\x28\xb5\x2f\xfd", 4, "it is a zstd file: unpack it with unzstd first" },
	{ "\xfd"
	  "7zXZ",
	  5, "it is an xz file: unpack it with unxz first" },
	{ "BZh", 3, "it is a bzip2 file: unpack it with bunzip2 first" },
	{ "PK\3\4", 4, "it is a zip archive: unpack it and take the ELF file in it" },
	{ "\x27\x05\x19\x56", 4,
	  "it is a U-Boot legacy image (mkimage): use the ELF file it was made from" },
	{ "\xd0\x0d\xfe\xed", 4,
	  "it is a flattened device tree or a U-Boot FIT image: use the firmware's own ELF file" },
	{ "MZ", 2, "it is a PE (EFI or Windows) executable: link the firmware as ELF" },
	{ "!<arch>\n", 8, "it is a static library: link it to an executable" },
	{ "version https://git-lfs", 23, "it is a git-lfs pointer: fetch the real file" },
	{ "<!DOCTYPE", 9, "it is a web page: the download went wrong" },
	{ "<html", 5, "it is a web page: the download went wrong" },
};

static bool starts_with(const struct rproc_firmware *fw, uint64_t offset, const char *magic,
			size_t len)
{
	return range_ok(offset, len, fw->size) &&
	       !memcmp((const char *)fw->data + offset, magic, len);
}

static bool has_elf_at(const struct rproc_firmware *fw, uint64_t offset)
{
	return starts_with(fw, offset, ELFMAG, SELFMAG);
}

/* ST's container: where the payload begins follows from two lengths in its header. */
static bool name_st_container(const struct rproc_firmware *fw, char *hint)
{
	const uint8_t *bytes = fw->data;
	uint64_t payload;

	if (fw->size < ST_HEADER_LEN || load_le32(bytes) != ST_MAGIC)
		return false;
	payload = ST_HEADER_LEN + ((load_le32(bytes + 8) + UINT64_C(7)) & ~UINT64_C(7)) +
		  ((load_le32(bytes + 12) + UINT64_C(7)) & ~UINT64_C(7));
	if (!has_elf_at(fw, payload))
		payload = has_elf_at(fw, 0x27c) ? 0x27c : 0x2bc;
	if (has_elf_at(fw, payload))
		snprintf(hint, RPROC_IMAGE_HINT_LEN,
			 "it is ST's signed container (magic 0x%08x) around an ELF file at 0x%x: "
			 "this processor takes plain ELF, give it the unsigned file",
			 ST_MAGIC, (unsigned int)payload);
	else
		snprintf(hint, RPROC_IMAGE_HINT_LEN,
			 "it is ST's signed container (magic 0x%08x): this processor takes plain "
			 "ELF, give it the unsigned file",
			 ST_MAGIC);
	return true;
}

static bool is_hex_digit(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

/* Records of text: ':' of Intel HEX or "S0" to "S9" of Motorola, then hex digits. */
static const char *name_hex_text(const struct rproc_firmware *fw)
{
	const uint8_t *bytes = fw->data;
	size_t first;

	if (fw->size < 10)
		return NULL;
	if (bytes[0] == ':')
		first = 1;
	else if (bytes[0] == 'S' && bytes[1] >= '0' && bytes[1] <= '9')
		first = 2;
	else
		return NULL;
	for (size_t i = first; i < first + 8; i++)
		if (!is_hex_digit(bytes[i]))
			return NULL;
	return first == 1 ? "it is an Intel HEX file: use the ELF file it was made from"
			  : "it is a Motorola S-record file: use the ELF file it was made from";
}

/* A Cortex-M image begins with its stack and three odd (Thumb) handlers near each other. */
static bool looks_like_cortex_m(const struct rproc_firmware *fw)
{
	uint32_t stack, reset;

	if (fw->size < 16)
		return false;
	stack = load_le32(fw->data);
	reset = load_le32((const uint8_t *)fw->data + 4);
	if (stack < 0x10000000 || stack >= 0xa0000000 || stack % 4)
		return false;
	for (size_t i = 4; i < 16; i += 4) {
		uint32_t handler = load_le32((const uint8_t *)fw->data + i);
		uint32_t apart = handler > reset ? handler - reset : reset - handler;

		if (!(handler & 1) || apart > 0x1000000)
			return false;
	}
	return true;
}

static bool is_blank(const struct rproc_firmware *fw)
{
	const uint8_t *bytes = fw->data;

	if (fw->size < 32 || (bytes[0] != 0 && bytes[0] != 0xff))
		return false;
	return !memcmp(bytes, bytes + 1, 31);
}

static const char *name_signature(const struct rproc_firmware *fw)
{
	for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++)
		if (starts_with(fw, 0, signatures[i].magic, signatures[i].len))
			return signatures[i].text;
	return NULL;
}

void rproc_image_foreign_hint(const struct rproc_firmware *fw, char hint[RPROC_IMAGE_HINT_LEN])
{
	const uint8_t *bytes = fw->data;
	const char *text;

	if (!fw->size) {
		snprintf(hint, RPROC_IMAGE_HINT_LEN, "the file is empty");
		return;
	}
	if (name_st_container(fw, hint))
		return;
	text = name_signature(fw);
	if (!text)
		text = name_hex_text(fw);
	if (!text && looks_like_cortex_m(fw))
		text = "it looks like a raw Cortex-M binary (a vector table comes first): use the "
		       "ELF file it was made from";
	if (!text && is_blank(fw))
		text = "it begins with nothing but one byte repeated: an erased or unfinished file";
	if (text) {
		snprintf(hint, RPROC_IMAGE_HINT_LEN, "%s", text);
		return;
	}
	snprintf(hint, RPROC_IMAGE_HINT_LEN,
		 "it begins with %02x %02x %02x %02x, an ELF file with 7f 45 4c 46", bytes[0],
		 fw->size > 1 ? bytes[1] : 0, fw->size > 2 ? bytes[2] : 0,
		 fw->size > 3 ? bytes[3] : 0);
}
