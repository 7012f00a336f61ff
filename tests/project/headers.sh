#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Each public header compiles alone, as strict C99 and C++11, with gcc and with clang.
cd "$(dirname "$0")/../.." || exit 1
bad=0
for compiler in gcc clang; do
	command -v $compiler >/dev/null || continue
	for header in include/librproc/*.h; do
		name=${header#include/}
		echo "#include <$name>" | $compiler -std=c99 -x c -Wall -Wextra -pedantic -Werror \
			-Iinclude -fsyntax-only - || bad=1
		echo "#include <$name>" | $compiler -std=c++11 -x c++ -Wall -Wextra -pedantic -Werror \
			-Iinclude -fsyntax-only - || bad=1
	done
done
exit $bad
