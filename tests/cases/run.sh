#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Cases: small hosts, read-only commands, no root. Each folder NNN-name/ holds
#
#	setup		shell, builds the host $R with the verbs of tests/lib/host.sh
#	cmd		command lines for the tool, one a line; "STATUS" or "A|B" first when not 0
#	has		lines that must occur in the output, as a part of a line
#	hasnot		lines that must not
#	out		the whole output, where every byte is promised
#	root		the host has owners that only root can give
#
# Blanks in `has` and `hasnot` stand for any run of blanks. The path of the host is
# shown as ROOT.
#
#	tests/cases/run.sh [NAME...]	all, or those whose name contains a word
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/host.sh"
[ -x "$VS2VZ" ] || skip_unless_required "the program is not built"

# part_of TEXT: is it in $scratch/text?
part_of() {
	tr -s '[:blank:]' ' ' <"$scratch/text" | grep -Fq -- "$(tr -s '[:blank:]' ' ' <<<"$1")"
}

one_command() {
	local name=$1 line=$2 want=0 args
	[[ "$line" =~ ^[0-9|]+\  ]] && { want=${line%% *}; line=${line#* }; }
	eval "args=($line)"
	run_status "$want" "$name: $line" timeout 30 "$VS2VZ" --root "$R" "${args[@]}"
	sed "s,$R,ROOT,g" "$scratch/both" >>"$scratch/text"
}

one_case() {
	local dir=$1 name=${1##*/} line
	[ ! -f "$dir/root" ] || [ "$(id -u)" = 0 ] || { skip "$name" "needs root"; return; }
	R=$scratch/$name
	mkdir "$R"
	: >"$scratch/text"
	( . "$dir/setup" ) >"$scratch/setup.log" 2>&1 ||
		{ result 1 "$name: setup"; sed 's/^/# /' "$scratch/setup.log"; return; }
	find "$R" -printf '%p %y %m %s %T@ %n\n' | sort >"$scratch/before"
	while IFS= read -r line; do
		[ -z "$line" ] || one_command "$name" "$line"
	done <"$dir/cmd"
	find "$R" -printf '%p %y %m %s %T@ %n\n' | sort >"$scratch/after"
	same_files "$scratch/before" "$scratch/after" "$name: nothing was written"
	[ ! -f "$dir/has" ] || while IFS= read -r line; do
		part_of "$line"
		result $? "$name: has '$line'" || head -n 60 "$scratch/text" | sed 's/^/# /'
	done <"$dir/has"
	[ ! -f "$dir/hasnot" ] || while IFS= read -r line; do
		! part_of "$line"
		result $? "$name: has no '$line'"
	done <"$dir/hasnot"
	[ ! -f "$dir/out" ] || same_files "$dir/out" "$scratch/text" "$name: output"
}

for dir in "$top"/tests/cases/[0-9]*/; do
	dir=${dir%/}
	wanted=$#
	for word; do
		[[ "${dir##*/}" == *"$word"* ]] && wanted=0
	done
	[ "$wanted" != 0 ] || one_case "$dir"
done
done_testing
