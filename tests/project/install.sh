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
	share/man/man8/rprocfs.8 include/librproc/rproc.h; do
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
for program in "$work/static" "$work/consumer/build/with_static"; do
	timeout 20 "$program" "$work/root/share/librproc/boards/host.dtb" \
		"$work/root/share/librproc/firmware/hello.elf" >"$work/out" 2>&1 &&
		fail "$program booted with a plugin that it cannot have loaded"
	grep -q 'this program has compiled-in plugins only: none' "$work/out" || {
		cat "$work/out"
		fail "$program does not say why it has no host3"
	}
done
# With a processor of its own it has all it needs.
cc -o "$work/own" "$work/root/share/librproc/examples/own_processor.c" \
	$(pkg-config --cflags librproc) "$work/root/lib/librproc.a" \
	$(pkg-config --libs-only-l --static librproc | sed 's/-lrproc//') ||
	fail "own_processor.c, static"
echo | timeout 20 "$work/own" /bin/cat >"$work/out" 2>&1
grep -q 'core0 is running' "$work/out" || {
	cat "$work/out"
	fail "a static program's own processor did not run"
}

# A plugin from outside: its README's line, the installed headers, and it boots.
mkdir "$work/plugin" "$work/state"
chmod 700 "$work/state"
cp plugins/template/template.c "$work/plugin/"
printf '/dts-v1/;\n/ { #address-cells = <1>; #size-cells = <1>; worker@10000000 {
	compatible = "librproc,template"; reg = <0x10000000 0x2000000>; }; };\n' >"$work/plugin/worker.dts"
(cd "$work/plugin" &&
	cc -Wall -Wextra -Werror -shared -fPIC $(pkg-config --cflags librproc) template.c -o template.so \
		$(pkg-config --libs librproc) && dtc -q -I dts -O dtb -o worker.dtb worker.dts) ||
	fail "the template does not compile outside the source tree"
cc -o "$work/boot" "$work/root/share/librproc/examples/boot_from_buffer.c" \
	$(pkg-config --cflags --libs librproc) -Wl,-rpath,"$work/root/lib" || fail "boot_from_buffer.c"
timeout 20 "$work/boot" "$work/plugin/worker.dtb" "$work/root/share/librproc/firmware/hello.elf" \
	"$work/plugin" "$work/state" >"$work/out" 2>&1 || {
	cat "$work/out"
	fail "a plugin built from the installed headers does not boot"
}
grep -q 'worker is running' "$work/out" || fail "the worker was never running"

unit=$work/root/lib/systemd/system/rprocfs.service
grep -q "^ExecStart=$work/root/bin/rprocfs " "$unit" || fail "the unit starts another program"
if command -v systemd-analyze >/dev/null; then
	systemd-analyze verify --man=no "$unit" || fail "systemd does not like the unit"
fi
echo "installed, consumed through pkg-config and find_package, and booted"
