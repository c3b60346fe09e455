# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# What programs of mutants share: a file of the program is changed by sed, the whole is
# linked again, and a test must notice. Sourced with BUILD as $1, which holds libvs2vz.a;
# $mutants names the folder of BUILD where objects go.
#
# The script defines two functions:
#
#	link_mutant		$out/mutant.o and what it needs into a program
#	passes WHERE		does the test named WHERE pass with it? Its TAP on stdout
#
# CC, CPPFLAGS, CFLAGS, LDLIBS as for the program; MUTANT: part of a name.
build=$(cd "$1" && pwd)
top=$here/../..
out=$build/$mutants
: "${CC:=cc}" "${CPPFLAGS:=-I$top/vs2vz -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64}"
: "${CFLAGS:=-std=c11 -O1 -pthread}"
nr=0
bad=0
mkdir -p "$out" || exit 1

# mutant NAME FILE WHERE SED-EXPRESSION
mutant() {
	case $1 in *"${MUTANT:-}"*) ;; *) return ;; esac
	nr=$((nr + 1))
	sed "$4" "$top/vs2vz/$2" >"$out/mutant.c"
	if cmp -s "$top/vs2vz/$2" "$out/mutant.c"; then
		echo "not ok $nr - $1 # the expression changes nothing in $2"
		bad=1
	elif ! $CC $CPPFLAGS $CFLAGS -w -c -o "$out/mutant.o" "$out/mutant.c" || ! link_mutant; then
		echo "not ok $nr - $1 # does not build"
		bad=1
	elif passes "$3" >"$out/log" 2>&1; then
		echo "not ok $nr - $1 # not noticed in '$3'"
		bad=1
	else
		echo "ok $nr - $1 # noticed: $(grep -m1 '^not ok' "$out/log" | sed 's/^not ok [0-9]* - //')"
	fi
}

mutants_end() {
	echo "1..$nr"
	exit $bad
}
