#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Who may know whom: the rules of lib/README.md, checked with grep. No exceptions.
cd "$(dirname "$0")/../.." || exit 1
bad=0

# only WHAT PATTERN PLACES EXCEPT...: PATTERN stands in PLACES in no file but EXCEPT.
only()
{
	what=$1 pattern=$2 places=$3
	shift 3
	found=$(grep -rlE "$pattern" $places --include='*.[ch]' 2>/dev/null)
	for file in $found; do
		for allowed in "$@"; do
			[ "$file" = "$allowed" ] && continue 2
		done
		echo "$file: $what"
		bad=1
	done
}

only 'only lib/board/devicetree.c includes libfdt' '#include <(libfdt|fdt)\.h>' 'lib fuse plugins' \
	lib/board/devicetree.c
only 'only lib/image/elf.c includes libelf' '#include <(libelf|gelf)\.h>' 'lib fuse plugins' \
	lib/image/elf.c
only 'only lib/core/loop.c includes libevent' '#include <event2?' 'lib fuse plugins examples' \
	lib/core/loop.c
only 'only lib/board/plugin.c calls dlopen' '[=(] *dlm?open\(' 'lib fuse plugins examples' \
	lib/board/plugin.c
only 'lib/ never includes fuse, plugins, examples or tests' '#include "(\.\./)*(fuse|plugins|examples|tests)/' lib
only 'only fuse/session*.c and main.c include libfuse' '#include <fuse' 'lib fuse plugins examples' \
	$(ls fuse/session*.[ch] fuse/main.c)
only 'fuse/ and examples/ use public headers only' '#include "(base|core|image|board|virtio|hw)/' \
	'fuse examples plugins'
only 'only lib/hw maps physical memory' '"/dev/(mem|uio)' 'lib/base lib/core lib/image lib/board lib/virtio plugins fuse'
only 'lib/image and lib/base know no context' 'core/internal\.h|rproc_context' 'lib/image lib/base'
only 'a plugin does not parse images, tables or rings' 'rproc_vring_size\(|rproc_resource_table_(check|entry)\(' plugins
only 'the core names no SoC' '\b(stm32|imx|zynq|omap|qemu)' lib/core
only 'the library does not print, exit or read the environment' \
	'\b(printf|fprintf|puts|perror|abort|exit|_exit|getenv|secure_getenv|signal|sigaction|fork|vfork|execve?|posix_spawn|chdir|umask)\(' lib

# knows WHO WHAT...: the files of lib/WHO include headers of its own directory and of WHAT only.
knows()
{
	who=$1
	allowed=$(echo "$@" | tr ' ' '|')
	found=$(grep -rnE '^#include "' "lib/$who" --include='*.[ch]' |
		grep -vE "#include \"($allowed)(/|\")")
	[ -z "$found" ] && return
	echo "lib/$who knows more than $*:"
	echo "$found"
	bad=1
}

knows base
knows image base
knows core base
knows virtio base core hw/barrier.h
knows rpmsg base core virtio hw/barrier.h
knows board base core
knows hw base core board

exit $bad
