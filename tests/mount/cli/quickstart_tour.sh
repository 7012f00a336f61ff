#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# examples/quickstart, twice, and --stop: in a build directory and a mount of its own.
#
#	quickstart_tour.sh SCRATCH_DIR
set -eu
scratch=${1:?a directory to build in}
source=$(cd "$(dirname "$0")/../../.." && pwd)

if [ -z "${TOUR_INSIDE:-}" ]; then
	[ "$(id -u)" = 0 ] || { echo "skipped: quickstart needs root"; exit 77; }
	[ -e /dev/fuse ] || { echo "skipped: there is no /dev/fuse"; exit 77; }
	unshare -m --propagation private true 2>/dev/null ||
		{ echo "skipped: no mount namespace to be had (unshare)"; exit 77; }
	TOUR_INSIDE=1 exec unshare -m --propagation private "$0" "$@"
fi
# A /run of its own: neither the default mount nor its state directory meet another's.
mount -t tmpfs tmpfs /run
# A server left behind by a tour that broke off would live on in this namespace.
trap 'umount -l /run/rproc 2>/dev/null || true' EXIT

tour()
{
	timeout 250 "$source/examples/quickstart" --no-install --build "$scratch" "$@" \
		>"$scratch.log" 2>&1 </dev/null || { cat "$scratch.log"; exit 1; }
}

says()
{
	grep -q -- "$1" "$scratch.log" || { cat "$scratch.log"; echo "it did not say $1"; exit 1; }
}

state()
{
	cat /run/rproc/class/remoteproc/remoteproc0/state
}

mkdir -p "$scratch"
tour
says 'echo start > /run/rproc/class/remoteproc/remoteproc0/state'
says 'hello from the host processor'
says 'is of type trace'
says 'running -> crashed'
says 'try'
[ "$(state)" = running ]

# Again, with the mount up and a processor that was started twice.
echo start >/run/rproc/class/remoteproc/remoteproc0/state
tour
says 'is used as it is'
says 'running -> crashed'
[ "$(state)" = running ]

tour --stop
[ ! -e /run/rproc/class ]
tour --stop
says 'nothing is mounted'
