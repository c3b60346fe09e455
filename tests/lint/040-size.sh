#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sizes: files under 500 lines, functions of at most 80, code below 120 columns.
. "$(dirname "$0")/../lib/tap.sh"
cd "$top" || exit 1

files=$(ls vs2vz/*.[ch] vs2vz/*/*.[ch] tests/*.c tests/*/*.[ch] 2>/dev/null)
is "$(for f in $files; do n=$(wc -l <"$f"); [ "$n" -lt 500 ] || echo "$f:$n"; done)" "" \
	"files are under 500 lines"

# A function: from its "{" in column 0 to its "}" in column 0.
long=$(awk '
	FNR == 1 { start = 0 }
	/^\{/ { start = FNR }
	/^\}/ { if (start && FNR - start + 1 > 80) print FILENAME ":" start ": " FNR - start + 1 " lines"; start = 0 }
	' $files)
is "$long" "" "functions have at most 80 lines"

# Parameters: commas at the first level of a definition that starts in column 0.
many=$(perl -0777 -ne '
	while (/^[a-z][\w \*]*?(\w+)(\((?:[^(){};]|(?2))*\))\s*\n\{/mg) {
		my ($name, $list) = ($1, $2);
		1 while $list =~ s/(?<=.)\([^()]*\)//;
		my $n = () = $list =~ /,/g;
		print "$ARGV: $name has ", $n + 1, " parameters\n" if $n > 4 && $list !~ /\.\.\./;
	}' $(ls vs2vz/*.c vs2vz/*/*.c 2>/dev/null))
# Where a contract header declares more, the contract has said so.
left=
while IFS= read -r line; do
	[ -n "$line" ] || continue
	name=$(sed 's/.*: \(.*\) has .*/\1/' <<<"$line")
	grep -qwr --include='*.h' "$name" vs2vz || left="$left $line;"
done <<<"$many"
is "$left" "" "functions that no header declares have at most 5 parameters"

# Rows of tables may be longer.
wide=$(awk '/^\t+[{"]/ { next } { s = $0; gsub(/\t/, "        ", s) } length(s) > 120 { print FILENAME ":" FNR }' $(ls vs2vz/*.[ch] vs2vz/*/*.[ch]) | head -n 20)
is "$wide" "" "code stays below 120 columns"
done_testing
