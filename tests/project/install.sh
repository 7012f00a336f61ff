#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The install tree is what a program needs: consumed through pkg-config and find_package, shared
# and static, with the README's own program; it boots firmware with the installed plugin.
# usage: install.sh BUILD_DIR
build=$(cd "${1:?the build directory}" && pwd) || exit 1
cd "$(dirname "$0")/../.." || exit 1
source=$(pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
fail()
{
	echo "install: $*"
	exit 1
}

# A tree of its own, so that what is installed on this machine is not what is tested.
cmake -G Ninja -S "$source" -B "$work/build" -DCMAKE_INSTALL_PREFIX="$work/root" \
	-DCMAKE_INSTALL_LIBDIR=lib -DRPROC_TESTS=OFF -DRPROC_FUZZ=OFF -DRPROC_BENCH=OFF >"$work/log" 2>&1 &&
	ninja -C "$work/build" install >>"$work/log" 2>&1 || {
	tail -40 "$work/log"
	fail "cannot build and install"
}
for file in lib/librproc.so lib/librproc.a lib/pkgconfig/librproc.pc bin/rproc \
	lib/librproc/plugins/host.so share/librproc/firmware/hello.elf \
	share/librproc/boards/host.dtb share/librproc/examples/own_processor.c share/man/man1/rproc.1 \
	include/librproc/rproc.h; do
	[ -e "$work/root/$file" ] || fail "$file is not installed"
done
ls "$work"/root/*bin/rprocfs >/dev/null 2>&1 || fail "rprocfs is not installed"

"$source/tests/project/readme_program.sh" >"$work/program.c" || fail "no program in the README"
PKG_CONFIG_PATH=$work/root/lib/pkgconfig
export PKG_CONFIG_PATH
cc -o "$work/shared" "$work/program.c" $(pkg-config --cflags --libs librproc) \
	-Wl,-rpath,"$work/root/lib" || fail "pkg-config, shared"
cc -o "$work/static" "$work/program.c" $(pkg-config --cflags librproc) \
	"$work/root/lib/librproc.a" $(pkg-config --libs-only-l --static librproc | sed 's/-lrproc//') ||
	fail "pkg-config, static"

# The examples are built as their README says, by whoever has only the install tree.
for example in "$work"/root/share/librproc/examples/*.c; do
	cc -Werror -o "$work/example" "$example" $(pkg-config --cflags --libs librproc) ||
		fail "$example does not compile outside the source tree"
done

mkdir "$work/consumer"
cp "$work/program.c" "$work/consumer/"
cat >"$work/consumer/CMakeLists.txt" <<'EOF'
cmake_minimum_required(VERSION 3.20)
project(consumer C)
find_package(librproc 0.1 REQUIRED)
add_executable(with_shared program.c)
target_link_libraries(with_shared librproc::rproc)
add_executable(with_static program.c)
target_link_libraries(with_static librproc::rproc_static)
EOF
cmake -G Ninja -S "$work/consumer" -B "$work/consumer/build" -DCMAKE_PREFIX_PATH="$work/root" \
	>"$work/log" 2>&1 && ninja -C "$work/consumer/build" >>"$work/log" 2>&1 || {
	cat "$work/log"
	fail "find_package"
}

for program in "$work/shared" "$work/consumer/build/with_shared"; do
	timeout 20 "$program" "$work/root/share/librproc/boards/host.dtb" \
		"$work/root/share/librproc/firmware/hello.elf" >"$work/out" 2>&1 || {
		cat "$work/out"
		fail "$program did not boot the installed firmware"
	}
done
# A static library has compiled-in plugins only, and says so.
timeout 20 "$work/static" "$work/root/share/librproc/boards/host.dtb" \
	"$work/root/share/librproc/firmware/hello.elf" >"$work/out" 2>&1
echo "installed, consumed through pkg-config and find_package, and booted:"
cat "$work/out"
