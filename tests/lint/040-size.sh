#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sizes: a file is one subject and has at most 1,200 lines, a function is one thought and
# has at most 80, a comment ends before column 100, code before 120. How many parameters a
# function has is no rule: a structure that carries them once is worse.
. "$(dirname "$0")/../lib/tap.sh"
cd "$top" || exit 1

files=$(ls vs2vz/*.[ch] vs2vz/*/*.[ch] vs2vz/*/*.inc tests/*.c tests/*/*.[ch] 2>/dev/null)

long_files() { awk 'FNR == 1201 { print FILENAME ": over 1,200 lines" }' "$@"; }

# A function: from its "{" in column 0 to its "}" in column 0.
long_functions() {
	awk 'FNR == 1 { start = 0 }
	     /^\{/ { start = FNR }
	     /^\}/ { if (start && FNR - start + 1 > 80) print FILENAME ":" start ": " FNR - start + 1 " lines"; start = 0 }
	    ' "$@"
}

# Lines with a comment, tabs expanded; what stands in a string is none.
wide_comments() {
	perl -e '
		while (<>) {
			chomp;
			1 while s/^([^\t]*)(\t+)/$1 . " " x (8 * length($2) - length($1) % 8)/e;
			my $s = $_;
			$s =~ s/"(?:[^"\\]|\\.)*"/"-" x length($&)/ge unless $within;
			my $comment = $within || $s =~ m{/\*|//};
			$within = $within ? $s !~ m{\*/} : $s =~ m{/\*(?!.*\*/)};
			print "$ARGV:$.: ", length, " columns\n" if $comment && length > 100;
			if (eof) { close ARGV; $within = 0 }
		}' "$@"
}

# Rows of tables may be longer.
wide_code() {
	awk '/^\t+[{"]/ { next }
	     { s = $0; gsub(/\t/, "        ", s) }
	     length(s) > 120 { print FILENAME ":" FNR }' "$@"
}

# Each rule sees what breaks it, and nothing more.
bad=$scratch/bad.c
{
	printf '/* %s */\n' "$(printf '%094d' 0)"
	printf '/* %s */\n' "$(printf '%095d' 0)"
	printf 'int a;\t\t/*\n * %s\n */\n' "$(printf '%098d' 0)"
	printf 'const char *s = "/* %s";\n' "$(printf '%085d' 0)"
} >"$bad"
is "$(wide_comments "$bad")" "$bad:2: 101 columns
$bad:4: 101 columns" "a comment of 101 columns is seen, one of 100 and a string are not"
{
	printf '{\n%s}\n' "$(yes x | head -n 78)
"
	printf '{\n%s}\n' "$(yes x | head -n 79)
"
} >"$bad"
is "$(long_functions "$bad")" "$bad:81: 81 lines" "a function of 81 lines is seen, one of 80 is not"
yes x | head -n 1200 >"$bad"
is "$(long_files "$bad")" "" "a file may have 1,200 lines"
echo x >>"$bad"
is "$(long_files "$bad")" "$bad: over 1,200 lines" "one of 1,201 is seen"

is "$(long_files $files)" "" "files have at most 1,200 lines"
is "$(long_functions $files)" "" "functions have at most 80 lines"
is "$(wide_comments $files)" "" "comments end before column 100"
is "$(wide_code $(ls vs2vz/*.[ch] vs2vz/*/*.[ch]))" "" "code stays below 120 columns"
done_testing
