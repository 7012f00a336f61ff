#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The manual pages are well-formed, and name every option and command that the programs know.
# usage: manuals.sh BUILD_DIR
build=$(cd "${1:?the build directory}" && pwd) || exit 1
cd "$(dirname "$0")/../.." || exit 1
bad=0
complain()
{
	echo "manuals: $*"
	bad=1
}

lint()
{
	command -v mandoc >/dev/null || return
	# Which other pages are installed is not the page's affair.
	mandoc -Tlint "$1" 2>/dev/null | grep -v 'referenced manual not found' && complain "$1: see above"
}

# page FILE PROGRAM...: each option that the help of PROGRAM begins a line with, or has in
# brackets, is in FILE.
page()
{
	text=$(sed 's/\\&//g; s/Fl Fl /--/g; s/Fl \([a-zA-Z]\)/-\1/g' "$1")
	file=$1
	shift
	for word in $("$@" --help | grep -oE -- '(^ +|\[|, )--?[A-Za-z][a-z-]*' | tr -d ' ,[' | sort -u); do
		echo "$text" | grep -qE -- "(^|[^a-z-])$word([^a-z-]|\$)" ||
			complain "$file does not tell of $word"
	done
}

lint fuse/rprocfs.8
lint examples/rproc/rproc.1
page fuse/rprocfs.8 "$build/fuse/rprocfs"
rproc=$build/examples/rproc/rproc
page examples/rproc/rproc.1 "$rproc"
for command in $("$rproc" --help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
	grep -q "^\.It Cm $command\( \|\$\)" examples/rproc/rproc.1 || complain "no command $command"
	page examples/rproc/rproc.1 "$rproc" "$command"
done
exit $bad
