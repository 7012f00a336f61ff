#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# rproc list, status, start, stop, detach, firmware on a real mount: what is done, what
# is said, and the exit codes that rproc.1 promises.
. "$(dirname "$0")/cli_lib.sh"
serve

# Illegal things first.
expect 3 start nobody
says "$err" "host0 (remoteproc0)"
expect 3 status 77
expect 3 status remoteproc77
expect 2 start
expect 2 start host0 a b
expect 2 stop host0 host1
expect 1 stop host0
says "$err" "Invalid argument (EINVAL)"
says "$err" "host0 is offline"
expect 1 detach host0
expect 1 start host0 absent.elf
says "$err" "No such file or directory (ENOENT)"
says "$err" "why: *absent.elf*/lib/firmware/absent.elf"
is_state 0 offline
expect 1 start host0 ./absent.elf
code=0
"$tool" --mount "$dir" list >/dev/null 2>"$dir/stderr.out" || code=$?
[ $code = 4 ] || fail "a directory that is no mount: exit code $code"

# The story stays for status, and goes with a start that succeeds.
expect 0 status host0
says "$out" "host0 is offline"
says "$out" "last error *absent.elf"
expect 0 start host0 hello.elf
[ "$out" = "host0 is running" ] || fail "said: $out"
is_state 0 running
expect 0 status host0
case $out in *"last error"*) fail "a story is left: $out" ;; esac
says "$out" "boot address"
says "$out" "plugin *host"
says "$out" "boots 1"

# Every way of naming it.
for word in host0 remoteproc0 0 host0@remoteproc0; do
	expect 0 firmware $word
	[ "$out" = hello.elf ] || fail "firmware $word said: $out"
done
expect 0 list
[ "$(echo "$out" | wc -l)" = 4 ] || fail "list: $out"
says "$out" "remoteproc0 *host0 *running *hello.elf"
says "$out" "remoteproc3 *host3 *offline"

# Starts are counted, and that is said.
expect 0 start host0
says "$out" "was running already: used 2 times now"
expect 0 stop host0
says "$out" "still running"
is_state 0 running
expect 1 firmware host0 other.elf
says "$err" "Device or resource busy (EBUSY)"
# What was refused leaves nothing behind: the search path is everybody's.
expect 1 start host0 "$firmware/spin.elf"
says "$err" "Device or resource busy (EBUSY)"
[ -z "$(cat "$mnt/module/firmware_class/parameters/path")" ] || fail "a refusal set the path"
expect 0 stop host0
[ "$out" = "host0 is offline" ] || fail "said: $out"
is_state 0 offline

# A file by its path: its directory is searched from then on, and that is said.
mkdir "$dir/elsewhere"
cp "$firmware/hello.elf" "$dir/elsewhere/mine.elf"
expect 0 start host1 "$dir/elsewhere/mine.elf"
says "$out" "$dir/elsewhere first"
is_state 1 running
expect 0 firmware host1
[ "$out" = mine.elf ] || fail "firmware is $out"
expect 0 stop host1
(cd "$dir/elsewhere" && rproc start host1 ./mine.elf) >"$dir/stdout.out" 2>&1 ||
	fail "a relative path"
[ "$(cat "$dir/stdout.out")" = "host1 is running" ] || fail "said a path that was set already"

# Left alone and found again.
expect 0 detach host1
[ "$out" = "host1 is detached" ] || fail "said: $out"
expect 1 stop host1
expect 0 start host1
[ "$out" = "host1 is attached" ] || fail "said: $out"
expect 0 stop host1
is_state 1 offline

# Who may not is told so, in words. Only real root can become somebody else.
as_nobody="setpriv --reuid 65534 --regid 65534 --clear-groups"
# shellcheck disable=SC2086 # a command and its arguments
if [ "$(id -u)" = 0 ] && $as_nobody test -x "$tool" 2>/dev/null; then
	code=0
	chmod 755 "$dir"
	$as_nobody "$tool" --mount "$mnt" start host2 >"$dir/stdout.out" 2>"$dir/stderr.out" ||
		code=$?
	[ $code = 1 ] || [ $code = 4 ] || fail "nobody may start: exit code $code"
	says "$(cat "$dir/stderr.out")" "EACCES"
	says "$(cat "$dir/stderr.out")" "--gid GROUP"
	is_state 2 offline
fi
done_testing
