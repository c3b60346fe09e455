# SPDX-License-Identifier: GPL-2.0-or-later
#
# The whole life of a conversion on the host $R, checked at every turn.

[ -x "$VS2VZ" ] || {
	printf '1..1\nnot ok 1 - %s is not built\n' "$VS2VZ"
	exit 1
}

# Nothing on the host differs from $scratch/before: unchanged TEXT
unchanged() {
	host_tree "$scratch/now" "$R"
	same_files "$scratch/before" "$scratch/now" "$1"
}

# Commands that promise to write nothing, state directory included.
reading_commands_write_nothing() {
	local c
	tree "$scratch/all-before" "$R"
	for c in "scan" "check" "plan --all" "convert --all --dry-run" "plan --all --diff" "status"; do
		# shellcheck disable=SC2086
		run vs $c
		[ "$status" = 0 ] || [ "$status" = 2 ] || [ "$status" = 4 ]
		result $? "$c runs" || show_last
	done
	tree "$scratch/all-after" "$R"
	same_files "$scratch/all-before" "$scratch/all-after" "reading commands write nothing"
}

# round_trip GUEST CTID [CONVERT-OPTION...]: leaves the guest converted
round_trip() {
	local guest=$1 ctid=$2
	shift 2
	host_tree "$scratch/before" "$R"
	tree "$scratch/guest" "$R/vservers/$guest"
	run_check "convert $guest" vs convert "$guest" --yes "$@"
	same_tree "$scratch/guest" "$ctid" "the container's tree is the guest's"
	run_check "verify" vs verify "$guest"
	host_tree "$scratch/converted" "$R"
	run_check "a second convert has nothing to do" vs convert "$guest" --yes "$@"
	host_tree "$scratch/now" "$R"
	same_files "$scratch/converted" "$scratch/now" "a second convert changes nothing"
	run_check "undo" vs undo "$guest"
	unchanged "undo brought everything back"
	run vs undo "$guest"
	[ "$status" -le 2 ]
	result $? "a second undo is harmless" || show_last
	unchanged "a second undo changes nothing"
	run_check "convert again" vs convert "$guest" --yes "$@"
	same_tree "$scratch/guest" "$ctid" "the tree is right again"
}
