#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# All recipes together on whole families of guests: Red Hat, SUSE, Gentoo, Alpine, Slackware.
# tests/fixups/families/ holds for each
#
#	NAME.tree	the tree as its packages made it
#	NAME.after.tree	what a container must not run, and what it needs besides
#	NAME.built.tree	of a built guest: what the build destroyed, and what came for it;
#			none: VServer's build changed nothing in such a tree
#	NAME.plain.tree	of one that was never built: the rest of its adaption
#	container.tree	what every container gets
#	NAME.hand	a person's edits after the build: a script run in the tree, and lines
#			"#! PATH	LINE" that must be there afterwards
#
# A build under VServer (build-edits-FAMILY.sh) and a conversion must give exactly the tree of
# the packages, less that. On a tree that was never built no recipe takes a build back.
#
#	tests/fixups/other-families.sh [NAME...]
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
. "$top/tests/lib/recipes.sh"
need_root

lists=$top/tests/fixups/tree.pl
families=$top/tests/fixups/families
private=

# guest_of LIST...: a fresh host $R with the guest g of these lists
guest_of() {
	R=$scratch/host
	rm -rf "$R"
	mkhost "$R"
	add_guest "$R" g 345 g.example.org 192.0.2.7 true
	perl "$lists" make "$R/vservers/g" "$@"
	private=$R/vz/private/345
	age "$R/vservers/g"
}

build() {
	"$top/tests/fixups/build-edits-$1.sh" "$R/vservers/g" "${2:-sysv}"
	age "$R/vservers/g"
}

# All that makes the tree of a container: lists_of NAME built|plain
lists_of() { echo "$families/$1.tree" "$families/container.tree" "$families/$1.after.tree" "$families/$1.$2.tree"; }

# shellcheck disable=SC2046
wanted_tree() { perl "$lists" check "$private" $(lists_of "$1" "$2"); }

built_guest() {
	local name=$1 family=$2
	ok "$name: the tree is made" guest_of "$families/$name.tree" || return
	ok "$name: it is built under VServer" build "$family"
	host_tree "$scratch/before" "$R"
	run vs plan g --fixups all
	ok "$name: recipes take it back" test -n "$(un_builds)"
	run_check "$name: convert" vs convert g --yes --fixups all
	ok "$name: the tree is that of the packages, less what cannot be" wanted_tree "$name" built
	nothing_more "$name" g 345
	run_check "$name: undo" vs undo g
	unchanged "$name: everything is back"
}

result_is_stable() {
	local name=$1 kind
	for kind in built plain; do
		[ -f "$families/$name.$kind.tree" ] || continue
		# shellcheck disable=SC2046
		ok "$name $kind: its result as a tree" guest_of $(lists_of "$name" "$kind")
		run vs plan g --fixups all --diff
		! grep -qE 'VS51[02] ' "$scratch/both" && [ "$status" = 0 ]
		result $? "$name $kind: nothing is left to do on its result" || show_last
	done
}

never_built() {
	local name=$1
	guest_of "$families/$name.tree"
	run vs plan g --fixups all
	never_taken_back "$name: nothing is taken back where nothing was built"
	host_tree "$scratch/before" "$R"
	run_check "$name: convert what was never built" vs convert g --yes --fixups all
	ok "$name: the same tree comes out" wanted_tree "$name" plain
	nothing_more "$name plain" g 345
	run_check "$name: undo of what was never built" vs undo g
	unchanged "$name: all of it is back"
}

edited_by_hand() {
	local name=$1 family=$2 path line
	guest_of "$families/$name.tree"
	[ ! -f "$families/$name.built.tree" ] || build "$family"
	(cd "$R/vservers/g" && bash -eu "$families/$name.hand")
	result $? "$name: a person edits the guest"
	age "$R/vservers/g"
	host_tree "$scratch/before" "$R"
	run_check "$name: convert the edited guest" vs convert g --yes --fixups all
	while IFS=$'\t' read -r path line; do
		if [ -z "$line" ]; then
			ok "$name: $path is there" test -e "$private$path" -o -L "$private$path"
		else
			ok "$name: $path keeps: $line" grep -qxF -- "$line" "$private$path"
		fi
	done < <(sed -n 's/^#! //p' "$families/$name.hand")
	run_check "$name: undo of the edited guest" vs undo g
	unchanged "$name: the person's guest is back"
}

family_of() {
	case $1 in
	centos-* | fedora-*) echo redhat ;;
	slackware-*) echo legacy ;;
	*) echo "${1%%-*}" ;;
	esac
}

for list in "$families"/{centos,fedora,sles,gentoo,alpine,slackware}-*.after.tree; do
	name=${list##*/}
	name=${name%.after.tree}
	wanted=$#
	for word; do
		[ "$name" != "$word" ] || wanted=0
	done
	[ "$wanted" = 0 ] && [ -f "$list" ] || continue
	[ ! -f "$families/$name.built.tree" ] || built_guest "$name" "$(family_of "$name")"
	result_is_stable "$name"
	never_built "$name"
	[ ! -f "$families/$name.hand" ] || edited_by_hand "$name" "$(family_of "$name")"
done
done_testing
