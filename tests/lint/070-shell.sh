#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The shell code of the tests itself, and what make offers.
. "$(dirname "$0")/../lib/tap.sh"
cd "$top" || exit 1

bad=
for f in tests/*/*.sh tests/*.sh .ci/*.sh .ci/run templates/packaging/postrm; do
	[ ! -f "$f" ] || bash -n "$f" 2>/dev/null || bad="$bad $f"
done
is "$bad" "" "shell scripts parse"
not=
for f in tests/run tests/model/histories tests/demo.sh tests/cases/run.sh tests/lib/debian-guest.sh .ci/*.sh .ci/run; do
	[ -x "$f" ] || not="$not $f"
done
is "$not" "" "what is called by name is executable"
# Scripts that do more than test are held to shellcheck's warnings as well.
if command -v shellcheck >/dev/null; then
	ok "shellcheck has nothing to say" shellcheck -S warning .ci/*.sh .ci/run templates/packaging/postrm
	ok "nor about what tests share" shellcheck -s bash -S warning -e SC2154 \
		tests/lib/chroots.sh tests/lib/mirror.sh $(ls tests/ports/[0-9]*.sh 2>/dev/null)
else
	skip "shellcheck" "not installed"
fi
make=$(command -v gmake || command -v make)
if [ -n "$make" ]; then
	ok "make help" env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL "$make" -f GNUmakefile help
	head -n 22 GNUmakefile | grep -q 'make check' && result 0 "the first screen names the targets"
	if command -v pkg-config >/dev/null; then
		env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL DESTDIR="$scratch/i" "$make" -s prefix=/opt/v \
			-n install >"$scratch/out" 2>&1
		ok "install stays below DESTDIR" bash -c "! grep -E ' /opt/v' '$scratch/out'"
	fi
fi
done_testing
