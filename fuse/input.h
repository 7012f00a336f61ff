/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a client may write into a file: the three grammars of the kernel's
 * remoteproc files and its number parsers, as pure functions over bytes. Knows
 * neither nodes nor processors.
 *
 * Each takes exactly the bytes of one write(2); they need not be terminated.
 */
#ifndef RPROCFS_INPUT_H
#define RPROCFS_INPUT_H

#include <stdbool.h>
#include <stddef.h>

/* The bytes of one write that a sysfs store looks at. */
#define INPUT_SYSFS_MAX 4096
/* Buffers of the kernel's debugfs handlers, and of its character device. */
#define INPUT_DEBUGFS_RECOVERY_MAX 10
#define INPUT_DEBUGFS_COREDUMP_MAX 20
#define INPUT_CDEV_MAX		   10

/*
 * sysfs: the whole word, up to the first NUL, with at most one newline behind
 * it ("sysfs_streq" in Linux). @words ends with NULL.
 * Returns the index of the word or -EINVAL.
 */
int input_sysfs_word(const char *buf, size_t len, const char *const *words);

/*
 * debugfs: one trailing newline becomes NUL, then @len bytes are compared. So a
 * word without a newline may be cut short ("e" is "enabled"), with one it may not.
 * Returns the index of the first match; -EINVAL also for a length of 0 or above @max.
 */
int input_debugfs_word(const char *buf, size_t len, size_t max, const char *const *words);

/*
 * Character device: @len bytes are compared as they are. Words may be cut short,
 * a newline is never right. Returns as above; the length must be 1..INPUT_CDEV_MAX.
 */
int input_cdev_word(const char *buf, size_t len, const char *const *words);

/*
 * An unsigned int in any base ("kstrtouint" with base 0): 0x is hexadecimal,
 * a leading 0 octal; one '+' before and one newline behind are fine.
 * 0, -EINVAL or -ERANGE.
 */
int input_uint(const char *buf, size_t len, unsigned int *ret_value);

/* A decimal number at the start, whatever follows ("simple_strtol"); 0 if there is none. */
long input_leading_long(const char *buf, size_t len);

/*
 * A uevent to be made by hand: an action, then nothing, or a UUID and KEY=VALUE pairs.
 * NULL, or what is wrong with it, as Linux puts it.
 */
const char *input_uevent_wrong(const char *buf, size_t len);

/* The bytes before the first NUL. */
size_t input_text_len(const char *buf, size_t len);

#endif
