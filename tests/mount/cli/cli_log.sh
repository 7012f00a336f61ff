#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# rproc log: the firmware's trace, followed through a stop, a start and a crash; and the
# framework's lines.
. "$(dirname "$0")/cli_lib.sh"
serve

expect 2 log
expect 2 log --bogus host0
expect 1 log host0
says "$err" "host0 is offline and has no trace"

# A follower that begins before the first start sees everything.
mkfifo "$dir/fifo"
timeout 60 "$tool" --mount "$mnt" log -f host0 >"$dir/fifo" 2>"$dir/follow.out" &
follower=$!
exec 3<"$dir/fifo"

# heard PATTERN: read lines until one matches; the deadline is the follower's.
heard()
{
	while read -r line <&3; do
		echo "$line" >>"$dir/heard.out"
		# shellcheck disable=SC2254 # it is a pattern
		case $line in
		*$1*) return 0 ;;
		esac
	done
	fail "the follower never said \"$1\""
}

expect 0 start host0 hello.elf
heard "hello from the host processor"
expect 0 log host0
says "$out" "hello from the host processor"
expect 0 crash host0 watchdog
heard "trace0 begins again"
heard "hello from the host processor"
expect 0 stop host0
expect 0 start host0
heard "hello from the host processor"
expect 0 stop host0
kill $follower
exec 3<&-

expect 0 log -k host0
says "$out" "remoteproc remoteproc0: powering up host0"
says "$out" "crash detected in host0: type watchdog"
case $out in *remoteproc1*) fail "another one's lines: $out" ;; esac
expect 0 log -k
says "$out" "remoteproc remoteproc3: host3 is available"
done_testing
