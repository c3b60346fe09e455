#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Each recipe on trees: tests/fixups/NAME/ holds
#
#	before.tree	the guest's tree; before-2.tree and so on are further ones
#	after.tree	what the recipe alone changes; "gone PATH" for what goes
#	none.tree	a tree on which it must do nothing; none-2.tree ...
#
# A conversion with that recipe alone must give the tree, verify, find nothing more to
# do on its own result, and be taken back without a trace.
#
#	tests/fixups/run.sh [NAME...]
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
need_root

lists=$top/tests/fixups/tree.pl

# guest_of LIST...: a fresh host $R with the guest g of these lists
guest_of() {
	R=$scratch/host
	rm -rf "$R"
	mkhost "$R"
	add_guest "$R" g 345 g.example.org 192.0.2.7 true
	perl "$lists" make "$R/vservers/g" "$@" || return 1
	perl "$lists" item "$R/etc/vservers/g" "$@" || return 1
	age "$R/vservers/g"
	age "$R/etc/vservers/g"
}

# plan_is_empty RECIPE TEXT: nothing is edited, nothing proposed
plan_is_empty() {
	run vs plan g --fixups "none,+$1" --diff
	! grep -qE 'VS51[012] ' "$scratch/both" && [ "$status" = 0 ]
	result $? "$2" || show_last
}

expected() {
	local recipe=$1 list=$2 id
	while read -r id; do
		run vs check g --fixups all
		awk -v id="$id" '/^[a-z]+ VS/ { on = $2 == id } on' "$scratch/both" |
			grep -q "g: $recipe\b"
		result $? "$recipe: ${list##*/} has $id" || show_last
	done < <(perl "$lists" expect "$list")
}

one_tree() {
	local recipe=$1 before=$2 after=$3 name="$1 ${2##*/}"
	ok "$name: the tree is made" guest_of "$before" || return
	expected "$recipe" "$before"
	host_tree "$scratch/before" "$R"
	run_check "$name: convert" vs convert g --yes --fixups "none,+$recipe" || return
	ok "$name: the tree is ${after##*/}" perl "$lists" check "$R/vz/private/345" "$before" "$after"
	run_check "$name: verify" vs verify g
	run_check "$name: undo" vs undo g
	unchanged "$name: everything is back"
	run_check "$name: convert by copying" vs convert g --yes --method copy --fixups "none,+$recipe"
	ok "$name: so is the copy" perl "$lists" check "$R/vz/private/345" "$before" "$after"
	run_check "$name: undo of the copy" vs undo g
	unchanged "$name: everything is back from the copy"
	ok "$name: its result as a tree" guest_of "$before" "$after"
	plan_is_empty "$recipe" "$name: nothing is left to do on its result"
}

none_tree() {
	local recipe=$1 list=$2
	ok "$recipe ${list##*/}: the tree is made" guest_of "$list" || return
	plan_is_empty "$recipe" "$recipe ${list##*/}: nothing is edited"
	expected "$recipe" "$list"
}

one_recipe() {
	local dir=$1 recipe=${1##*/} list
	for list in "$dir"/before*.tree; do
		[ ! -f "$list" ] || one_tree "$recipe" "$list" "${list/before/after}"
	done
	for list in "$dir"/none*.tree; do
		[ ! -f "$list" ] || none_tree "$recipe" "$list"
	done
}

for dir in "$top"/tests/fixups/*/; do
	dir=${dir%/}
	wanted=$#
	for word; do
		[[ "${dir##*/}" != "$word" ]] || wanted=0
	done
	[ "$wanted" != 0 ] || one_recipe "$dir"
done
for f in "$top"/templates/fixups/*.fix; do
	name=${f##*/}
	name=${name%.fix}
	[ $# != 0 ] || ok "$name has a test" test -d "$top/tests/fixups/$name"
done
done_testing
