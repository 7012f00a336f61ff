#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# rproc crash, watch and dump: a crash is seen through to its recovery, and what it left
# is copied whole before it is let go.
. "$(dirname "$0")/cli_lib.sh"
serve

expect 2 crash host0 bogus
expect 2 crash host0 1x
expect 2 watch --until running
expect 2 watch --timeout never host0
expect 2 dump
expect 1 dump "$dir/core"
says "$err" "no crash dump waits"
expect 5 watch --until running --timeout 0.05 host0
says "$err" "host0 is offline, and was not running"
expect 0 watch --until offline host0
expect 0 crash host0
says "$out" "nothing comes of it"

# Several crashes with one watch each, begun before the crash.
echo enabled >"$mnt/class/remoteproc/remoteproc0/coredump"
expect 0 start host0 hello.elf
for type in mmufault watchdog fatal 7; do
	rm -f "$dir/fifo"
	mkfifo "$dir/fifo"
	timeout 60 "$tool" --mount "$mnt" watch --until crashed,running --timeout 50 host0 \
		>"$dir/fifo" 2>"$dir/watch.out" &
	watch=$!
	exec 3<"$dir/fifo"
	read -r began <&3
	says "$began" "remoteproc0 host0 is running"
	expect 0 crash host0 $type
	lines=$(cat <&3)
	exec 3<&-
	wait $watch || fail "no recovery from $type"
	says "$lines" "running -> crashed"
	says "$lines" "-> running"
	is_state 0 running
done

# The dump of the first crash: the later ones were thrown away while it waited.
expect 0 status host0
says "$out" "crash dump"
expect 1 dump "$dir/no/such/directory/core"
says "$err" "the dump is kept"
expect 0 dump "$dir/core"
says "$out" "left by host0"
[ "$(head -c 4 "$dir/core" | tail -c 3)" = ELF ] || fail "the dump is no ELF file"
[ ! -e "$dir/core.part" ] || fail "a part is left"
expect 1 dump "$dir/core2"
[ ! -e "$dir/core2" ] || fail "a dump that is not there was written"

expect 0 crash host0 watchdog
expect 0 watch --until running --timeout 50 host0
done_testing
