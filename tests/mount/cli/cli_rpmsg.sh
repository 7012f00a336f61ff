#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# rproc channels, ping, send, recv, console, bench, exec and what status says of messages,
# on a real mount with firmware that talks.
. "$(dirname "$0")/cli_lib.sh"

# Until a command's output has a text; each look takes as long as it takes.
await()
{
	text=$1
	shift
	end=$(($(date +%s) + 30))
	until "$@" 2>/dev/null | grep -q -- "$text"; do
		[ "$(date +%s)" -lt $end ] || fail "no \"$text\" from $*"
	done
}

boot()
{
	expect 0 start "$1" "$2"
	await "$3" rproc channels
}

# An endpoint ends with its descriptor, of which the server is told a little later.
no_endpoints_left()
{
	await '^0$' sh -c "\"$tool\" --mount \"$mnt\" channels -a | grep -c rproc-"
}

serve

# ---- nobody to talk to, and what makes no sense
expect 0 channels
says "$err" "no firmware has announced a channel"
expect 3 ping rpmsg-raw
says "$err" "no channel rpmsg-raw"
expect 2 ping
expect 2 ping a b
expect 2 ping --count 0 a
expect 2 ping --size many a
expect 2 ping --timeout -1 a
expect 2 ping --hex a
expect 2 recv --src 0x80000000 a
expect 2 send
expect 2 send --reply=yes a
expect 2 exec a
expect 2 channels b

# ---- channels and how they are named
boot host0 rpmsg_echo.elf virtio0.rpmsg-raw
boot host1 rpmsg_services.elf virtio1.control
expect 0 channels
[ "$(echo "$out" | wc -l)" = 2 ] || fail "channels: $out"
says "$out" "virtio0.rpmsg-raw.-1.1024 *host0 *rpmsg-raw *1024 *1024 *dev/rpmsg0"
says "$out" "virtio1.control.-1.1024 *host1 *control *any *1024 *-"
expect 0 channels -a
says "$out" "virtio0.rpmsg_ctrl.0.0 *dev/rpmsg_ctrl0"
says "$out" "virtio0.rpmsg_ns.53.53"
for word in rpmsg-raw host0:rpmsg-raw remoteproc0:rpmsg-raw virtio0.rpmsg-raw.-1.1024 rpmsg0 \
	dev/rpmsg0 /dev/rpmsg0; do
	expect 0 ping --count 1 "$word"
done
for word in host1:rpmsg-raw host0: :rpmsg-raw rpmsg_ctrl; do
	expect 3 ping "$word"
	says "$err" "no channel $word"
done
# What firmware is about to announce is waited for.
expect 0 start host2 rpmsg_echo.elf
expect 0 ping host2:rpmsg-raw
expect 3 ping rpmsg-raw
says "$err" "several channels"
says "$err" "virtio0.rpmsg-raw.-1.1024, virtio2.rpmsg-raw.-1.1024"
expect 0 ping host2:rpmsg-raw
expect 0 stop host2

# ---- ping
expect 0 ping --count 3 --size 496 rpmsg-raw
says "$out" "3: 496 bytes in *us"
says "$out" "3 sent, 3 answered, round trip"
case $out in *"not what"*) fail "an echo that is none: $out" ;; esac
expect 2 ping --size 0 rpmsg-raw
expect 1 ping --size 497 rpmsg-raw
says "$err" "Message too long (EMSGSIZE)"
# A channel without a device gets an endpoint for the time; any answer is one.
expect 0 ping --count 2 control
says "$out" "2 bytes in *us, not what was sent"
says "$out" "2 answered"
no_endpoints_left
expect 1 ping --src 1024 rpmsg-raw
says "$err" "Address already in use (EADDRINUSE)"
expect 0 ping --src 2000 rpmsg-raw
no_endpoints_left

# ---- send and recv
expect 0 send --reply control "announce late 500" "nonsense"
[ "$out" = "ok
no" ] || fail "control said: $out"
await virtio1.late rproc channels
expect 0 send --reply --hex late "00 ff1B" 7f
[ "$out" = "00 ff 1b
7f" ] || fail "late said: $out"
expect 0 send --reply late "$(printf 'a\033[2Jb')"
[ "$out" = 'a\x1b[2Jb' ] || fail "a terminal could be steered: $out"
expect 2 send --hex late xyz
expect 2 send --hex late 123
printf 'one\ntwo\n' | rproc send --reply --raw late >"$dir/stdout.out"
[ "$(cat "$dir/stdout.out")" = "one
two" ] || fail "the standard input is one message"
head -c 497 /dev/zero | rproc send late 2>"$dir/stderr.out" && fail "497 bytes went"
says "$(cat "$dir/stderr.out")" "EMSGSIZE"
expect 0 send late -- --reply
# Its echo, which nobody waits for, has gone by when what was sent later is answered.
expect 0 ping --count 1 control
expect 0 recv --first "hello there" --count 1 late
[ "$out" = "hello there" ] || fail "recv said: $out"
expect 0 recv --hex --first AB --count 1 late
[ "$out" = "41 42" ] || fail "recv --hex said: $out"
expect 5 recv --timeout 0.1 late
says "$err" "ETIMEDOUT"
expect 0 send control "withdraw late 500"
# A firmware may call its service as the kernel calls its own.
expect 0 send --reply control "announce rpmsg_ctrl 501" "announce rpmsg_ns 502"
await virtio1.rpmsg_ns rproc channels
expect 0 send --reply rpmsg_ctrl hello
[ "$out" = hello ] || fail "the service rpmsg_ctrl said: $out"
expect 0 send --reply rpmsg_ns hello
expect 0 send --reply control "withdraw rpmsg_ctrl 501" "withdraw rpmsg_ns 502"
await '^0$' sh -c "\"$tool\" --mount \"$mnt\" channels | grep -c late"

# ---- what status says, once a service has been there for a while
boot host3 rpmsg_burst.elf virtio2.sink
await "nobody has opened it" rproc status host3
expect 0 status host3
says "$out" "rpmsg *service burst*nobody has opened it"
expect 0 stop host3
expect 0 status host3
case $out in *"nobody has opened"*) fail "findings of a processor that is off: $out" ;; esac

# ---- exec, and that one at a time may
mkfifo "$dir/hold" "$dir/held"
rproc exec rpmsg-raw sh -c 'echo "$LISTEN_FDS $LISTEN_FDNAMES" >&3
	dd bs=512 count=1 <&3 2>/dev/null >"$1"; cat "$2" >/dev/null; exit 7' - "$dir/held" "$dir/hold" &
holder=$!
[ "$(cat "$dir/held")" = "1 rpmsg" ] || fail "exec: the descriptor or what tells of it"
expect 1 ping rpmsg-raw
says "$err" "Device or resource busy (EBUSY)"
says "$err" "--src ADDRESS"
: >"$dir/hold"
code=0
wait $holder || code=$?
[ $code = 7 ] || fail "exec: exit code $code"
expect 0 ping rpmsg-raw
expect 127 exec rpmsg-raw "$dir/absent"
expect 7 exec control -- sh -c 'exit 7'

# ---- exec: a program in a container that sees no mount gets that one descriptor
client='import os, select, sys
assert not os.path.exists(sys.argv[1] + "/dev"), "the mount is here"
fd = int(os.environ["RPROC_ENDPOINT_FD"])
fds = sorted(int(f) for f in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + f))
assert fds == [0, 1, 2, fd], fds
os.write(fd, b"from inside")
assert select.select([fd], [], [], 30)[0]
print(os.read(fd, 512).decode())'
# What is not the program's own is taken away before it runs, as a container runtime does it.
hide='mount -t tmpfs none "$1" && exec python3 -c "$2" "$1"'
for namespace in -m -Urm; do
	unshare $namespace true 2>/dev/null || continue
	rproc exec rpmsg-raw -- unshare $namespace sh -c "$hide" - "$mnt" "$client" \
		>"$dir/stdout.out" 2>&1 </dev/null 7</dev/null || :
	[ "$(cat "$dir/stdout.out")" = "from inside" ] ||
		fail "unshare $namespace: $(cat "$dir/stdout.out")"
done
expect 0 exec rpmsg-raw -- python3 -c 'import os
os.write(3, b"x" * 496); print(len(os.read(3, 512)), os.environ["LISTEN_FDS"])'
[ "$out" = "496 1" ] || fail "a line of Python: $out"
no_endpoints_left

# ---- being ended leaves nothing
"$tool" --mount "$mnt" recv --first here --src 3000 rpmsg-raw >"$dir/recv.out" 2>&1 &
reader=$!
await here cat "$dir/recv.out"
expect 0 channels -a
says "$out" "rproc-*3000"
kill -TERM $reader
wait $reader || fail "recv ended with $?"
no_endpoints_left

# ---- a processor that stops takes its channels along
rproc recv --first here rpmsg-raw >"$dir/recv.out" 2>&1 &
reader=$!
await here cat "$dir/recv.out"
expect 0 stop host0
code=0
wait $reader || code=$?
[ $code = 1 ] || fail "recv of a channel that is gone: exit code $code"
says "$(cat "$dir/recv.out")" "EPIPE"
expect 3 ping rpmsg-raw

# ---- console: bytes on a tty, lines without one
boot host0 rpmsg_tty.elf dev/ttyRPMSG0
# The input ends when the answer is there, however long a busy machine takes for it.
mkfifo "$dir/keys"
talk()
{
	rproc console --timeout 0.1 "$1" <"$dir/keys" >"$dir/stdout.out" 2>&1 &
	console=$!
	exec 4>"$dir/keys"
	printf "$2" >&4
	await "$3" sh -c "tr '\n' ' ' <'$dir/stdout.out'"
	exec 4>&-
	wait $console || fail "console $1"
}
talk rpmsg-tty 'hi\r' "you said: hi"
talk control 'who\nare you\n' "no no"
[ "$(cat "$dir/stdout.out")" = "no
no" ] || fail "lines are messages: $(cat "$dir/stdout.out")"
expect 0 stop host0

# ---- a serial line is a terminal and nothing else
boot host0 serial.elf dev/ttyRPMSG0
expect 0 channels
says "$out" "ttyRPMSG0 *host0 *rproc-serial *- *- *dev/ttyRPMSG0"
for word in host0:rproc-serial rproc-serial ttyRPMSG0 /dev/ttyRPMSG0; do
	talk "$word" 'to and fro' "to and fro"
	[ "$(cat "$dir/stdout.out")" = "to and fro" ] || fail "serial: $(cat "$dir/stdout.out")"
done
expect 1 ping rproc-serial
says "$err" "a serial line has bytes and no messages: rproc console"
expect 0 stop host0

# ---- bench: that it measures, not what
boot host0 rpmsg_echo.elf rpmsg-raw
expect 0 bench rpmsg-raw
for row in "round trip,   16 bytes" "round trip,  496 bytes" "1 in flight" "128 in flight"; do
	echo "$out" | grep -q "$row.* [1-9]" || fail "bench: no $row in $out"
done
expect 1 bench --size 497 rpmsg-raw
expect 0 stop host0
expect 0 stop host1
done_testing
