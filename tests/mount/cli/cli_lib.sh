# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=sh
# Sourced first by the tests of the command-line tool. Each gets a mount namespace, a
# directory and a mount of its own, and says `done_testing` when it got through.
#
#	some_test.sh BUILD_DIR
build=${1:?the build directory}
name=$(basename "$0" .sh)

skip()
{
	echo "$name: skipped: $1"
	exit 77
}

if [ -z "${CLI_INSIDE:-}" ]; then
	{ [ -r /dev/fuse ] && [ -w /dev/fuse ]; } || skip "$(id -un) cannot open /dev/fuse"
	CLI_INSIDE=1
	export CLI_INSIDE
	if [ "$(id -u)" = 0 ]; then
		# In a chroot whose root is no mount of its own this is refused.
		unshare -m --propagation private true 2>/dev/null || skip "no mount namespace to be had"
		exec unshare -m --propagation private "$0" "$@"
	fi
	unshare -Urm true 2>/dev/null || skip "no user namespaces for $(id -un)"
	exec unshare -Urm --propagation private "$0" "$@"
fi

tool=$build/examples/rproc/rproc
firmware=$build/examples/firmware
dir=$(mktemp -d) || exit 1
mnt=$dir/mnt
finished=no

clean_up()
{
	umount "$mnt" 2>/dev/null || umount -l "$mnt" 2>/dev/null
	[ $finished = yes ] || {
		for file in "$dir"/*.out "$dir"/serve.log; do
			[ -s "$file" ] && echo "--- $file" && cat "$file"
		done
		echo "$name: failed"
	}
	# The namespace, and with it the mount, ends with this shell.
	rm -rf "$dir"
	[ $finished = yes ]
}
trap clean_up EXIT

done_testing()
{
	finished=yes
	echo "$name: ok"
	exit 0
}

fail()
{
	echo "$name: $*"
	exit 1
}

# Serve the built-in board; everything that outlives the server stays in $dir.
serve()
{
	mkdir -p "$mnt" "$dir/state"
	"$build/fuse/rprocfs" --plugin-path "$build/plugins/host" --state-dir "$dir/state" \
		--firmware-path "$firmware" "$@" "$mnt" >"$dir/serve.log" 2>&1 </dev/null ||
		fail "rprocfs does not start"
}

rproc()
{
	timeout 60 "$tool" --mount "$mnt" "$@"
}

# expect CODE COMMAND...: run it, keep what it says in $out, $err; compare the exit code.
expect()
{
	wanted=$1
	shift
	code=0
	rproc "$@" >"$dir/stdout.out" 2>"$dir/stderr.out" </dev/null || code=$?
	out=$(cat "$dir/stdout.out") err=$(cat "$dir/stderr.out")
	[ "$code" = "$wanted" ] || fail "rproc $*: exit code $code, not $wanted"
}

# says TEXT PATTERN: does the text match, as `case` does?
says()
{
	# shellcheck disable=SC2254 # it is a pattern
	case $1 in
	*$2*) ;;
	*) fail "\"$2\" is not in: $1" ;;
	esac
}

is_state()
{
	[ "$(cat "$mnt/class/remoteproc/remoteproc$1/state")" = "$2" ] ||
		fail "remoteproc$1 is not $2"
}
