#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Do the tools that people have open our core dumps, and see the memory in them?
# Usage: coredump_tools.sh TEST_COREDUMP. Exits 77 if there is neither tool.
set -eu
test=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$test" "$dir"
ran=0

expect() # FILE TEXT
{
	grep -q -- "$2" "$1" || {
		echo "not found: $2"
		cat "$1"
		exit 1
	}
}

for bits in 32 64; do
	if command -v readelf > /dev/null; then
		readelf -hlW "$dir/dump$bits.elf" > "$dir/out" 2>&1
		expect "$dir/out" "Class: *ELF$bits"
		expect "$dir/out" "CORE (Core file)"
		expect "$dir/out" "LOAD .*10004000 .*101 .*RWE"
		readelf -hSW "$dir/sections$bits.elf" >> "$dir/out" 2>&1
		expect "$dir/out" "STR_TBL .*STRTAB"
		expect "$dir/out" "ram .*PROGBITS .*10000000 .*00000a"
		readelf -p ram "$dir/sections$bits.elf" >> "$dir/out" 2>&1
		expect "$dir/out" "what is in"
		if grep -i "warning\|error" "$dir/out"; then
			exit 1
		fi
		ran=1
	fi
	if command -v gdb > /dev/null; then
		gdb -nx -batch -c "$dir/dump$bits.elf" -ex "info files" \
			-ex "x/4xb 0x10004000" -ex "x/2xb 0x20000000" > "$dir/out" 2>&1
		expect "$dir/out" "file type elf$bits-little"
		expect "$dir/out" "0x10004000 - 0x10004101 is load"
		expect "$dir/out" "^0x10004000:	0x00	0x03	0x06	0x09"
		expect "$dir/out" "^0x20000000:	0xff	0xff"
		ran=1
	fi
done
[ $ran = 1 ] || exit 77
