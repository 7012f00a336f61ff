/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The static program that does nothing: what starting a process costs, and what
 * linking one takes, without librproc.
 */
int main(void)
{
	return 0;
}
