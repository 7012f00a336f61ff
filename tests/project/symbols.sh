#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The exported symbols, the version script and the public headers name the same functions.
# usage: symbols.sh LIBRARY.so
lib=${1:?the shared library}
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

nm -D --defined-only "$lib" | awk '$2 ~ /[TRDB]/ { sub("@.*", "", $3); print $3 }' | sort -u >"$work/exported"
sed -n 's/^\t\(rproc_[a-z0-9_]*\);$/\1/p' lib/librproc.map | sort -u >"$work/map"
# Declarations: a name, an opening parenthesis, outside comments and macros.
cat include/librproc/*.h | gcc -fpreprocessed -dD -E -P -x c - 2>/dev/null | grep -v '^#' |
	tr '\n' ' ' | grep -oE '\brproc_[a-z0-9_]+ ?\([^*]|extern const char rproc_core' |
	sed 's/extern const char //; s/ *(.*//' | sort -u | grep -v '^rproc_alloc$' >"$work/headers"
diff "$work/exported" "$work/map" >"$work/diff" || {
	echo "exported (<) and lib/librproc.map (>) differ:"
	cat "$work/diff"
	exit 1
}
diff "$work/map" "$work/headers" >"$work/diff" || {
	echo "lib/librproc.map (<) and include/librproc (>) differ:"
	cat "$work/diff"
	exit 1
}
# Another prefix could clash with a program's own names, also in a static library.
if grep -v '^rproc_' "$work/exported" | grep -v '^LIBRPROC_'; then
	echo "exported without the prefix rproc_"
	exit 1
fi
echo "$(wc -l <"$work/map") symbols agree"
