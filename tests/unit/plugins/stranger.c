/* SPDX-License-Identifier: BSD-3-Clause */
/* A shared object that is not a plugin. */
int stranger_answer(void);

__attribute__((visibility("default"))) int stranger_answer(void)
{
	return 42;
}
