#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Print the README's C program: its first block marked as C.
cd "$(dirname "$0")/../.." || exit 1
awk '/^```c$/ { on = 1; next } /^```$/ && on { found = 1; exit } on { print } END { exit !found }' README.md
