#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The example programs do what they say, on the built-in board and without a mount.
#
#	examples_run.sh BUILD_DIR
set -eu
build=${1:?the build directory}
board=$build/plugins/host/host.dtb
firmware=$build/examples/firmware
plugins=$build/plugins/host
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# run PROGRAM ARG...: its exit code must be 0; what it says goes to $dir/out.
run()
{
	program=$1
	shift
	timeout 60 "$build/examples/$program" "$@" >"$dir/out" 2>&1 || {
		cat "$dir/out"
		echo "examples: $program failed"
		exit 1
	}
}

says()
{
	grep -q "$1" "$dir/out" || {
		cat "$dir/out"
		echo "examples: $program did not say \"$1\""
		exit 1
	}
}

run boot_from_buffer "$board" "$firmware/hello.elf" "$plugins" "$dir/state"
says 'Booting fw image from-a-buffer'
says 'host0 is running, booted at 0x1'
says 'stopped remote processor host0'

run follow_trace "$board" "$firmware" crash_exit_on_start.elf "$plugins" "$dir/state"
says 'host0 is crashed: crash: fatal error'

run own_processor /bin/cat </dev/null
says 'core0 is running'
if "$build/examples/own_processor" /no/such/program >"$dir/out" 2>&1 </dev/null; then
	echo "examples: own_processor started what is not there"
	exit 1
fi
says "core0 is offline firmware: no usable file '/no/such/program'"

printf 'start\nbogus\nstop\nstop\n' >"$dir/words"
run wait_for_events "$board" "$firmware" hello.elf "$plugins" "$dir/state" <"$dir/words"
says 'offline -> running'
says 'running -> offline'
says 'not "bogus"'
says 'answer: Invalid argument'

printf 'hello\n\nthe same again\n' >"$dir/words"
run send_message "$board" "$firmware" rpmsg_echo.elf rpmsg-raw "$plugins" "$dir/state" <"$dir/words"
says 'virtio0.rpmsg-raw.-1.1024, messages of up to 496 bytes'
[ "$(tail -n 3 "$dir/out")" = "$(cat "$dir/words")" ] || {
	cat "$dir/out"
	echo "examples: send_message did not print what came back"
	exit 1
}

# What cannot be is said, with the reason.
if "$build/examples/send_message" "$board" "$firmware" hello.elf rpmsg-raw "$plugins" \
	"$dir/state" >"$dir/out" 2>&1 </dev/null; then
	echo "examples: send_message found a service in hello.elf"
	exit 1
fi
says 'host0 announced no service rpmsg-raw within'
if "$build/examples/boot_from_buffer" "$board" "$0" "$plugins" "$dir/state" >"$dir/out" 2>&1; then
	echo "examples: boot_from_buffer booted a shell script"
	exit 1
fi
says 'Invalid argument'
