#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Words that must not be in the source: unsafe calls, leftovers, traces of a build machine.
. "$(dirname "$0")/../lib/tap.sh"
cd "$top" || exit 1

tracked=$(git ls-files 2>/dev/null) || tracked=
[ -n "$tracked" ] || tracked=$(find . -type f ! -path './build/*' ! -path './.git/*' ! -path './demo/*' | sed 's,^\./,,')
text=$(printf '%s\n' "$tracked" | grep -vE '^(LICENSE|tests/lint/|tests/fuzz/corpus/)' |
	while IFS= read -r f; do [ ! -f "$f" ] || printf '%s\n' "$f"; done)
sources=$(ls vs2vz/*.[ch] vs2vz/*/*.[ch] 2>/dev/null)

# none TEXT REGEX FILES: no line matches
none() {
	local found
	found=$(grep -nIE -- "$2" $3 /dev/null | head -n 10)
	is "$found" "" "$1"
}

none "no unsafe calls" '[^_a-z](strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|gets|alloca|realpath|chdir|popen|system|tmpnam)\(' "$sources"
# Kernels of OpenVZ open for real by it, and follow links.
none "nothing is opened by O_PATH" '^[^*]*\bO_PATH\b' "$sources"
none "no chmod by name: it follows links" '\b(fchmodat|chmod|lchmod)\(' "$sources"
none "no variable of the environment changes what is done" 'getenv\("VS2VZ' "$sources"
is "$(LC_ALL=C grep -aoE 'VS2VZ_[A-Z_0-9]+' "$(readlink -f "$VS2VZ")" | sort -u | tr '\n' ' ')" "" \
	"the program knows no variables of its own"
none "no leftovers" '(TODO|FIXME|XXX|HACK)\b' "$sources"
none "no commented-out code" '^[[:blank:]]*//.*;[[:blank:]]*$' "$sources"
none "no variable arrays" '\balloca\b|__builtin_alloca' "$sources"
none "nothing is inline assembly or a nested function attribute" '\basm\b|__asm__' "$sources"
none "no paths of a build machine" "((^|[^t}])/home/[a-z]+/|/Users/|$(printf '%s' "$top" | sed 's/[].[*^$+?(){}|]/\\&/g')[/ '\"])" "$text"
none "no trailing blanks" '[[:blank:]]+$' "$sources"
none "tabs indent C" '^ {8}' "$sources"

licence=
for f in $sources $(ls tests/*.c tests/*/*.[ch] tests/*/*.sh .ci/*.sh 2>/dev/null); do
	head -n 3 "$f" | grep -q 'SPDX-License-Identifier: GPL-2.0-or-later' || licence="$licence $f"
done
is "$licence" "" "every source names its licence"

about=
for f in vs2vz/*.c vs2vz/*/*.c; do
	[ ! -f "$f" ] || sed -n 2p "$f" | grep -q '^/\*' || about="$about $f"
done
is "$about" "" "every file says what it knows"
done_testing
