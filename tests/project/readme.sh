#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The README's program compiles as it stands there and boots the hello firmware.
# usage: readme.sh BUILD_DIR
build=$(cd "${1:?the build directory}" && pwd) || exit 1
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
tests/project/readme_program.sh >"$work/program.c" || {
	echo "README.md has no C program"
	exit 1
}
cc -Wall -Wextra -Werror -Iinclude -o "$work/program" "$work/program.c" \
	-L"$build/lib" -lrproc -Wl,-rpath,"$build/lib" || exit 1
timeout 20 "$work/program" "$build/plugins/host/host.dtb" "$build/examples/firmware/hello.elf" \
	"$build/plugins/host" || exit 1
