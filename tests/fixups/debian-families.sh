#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# All recipes together, on Debian and Ubuntu: whole families of guests:
# tests/fixups/families/ holds for each
#
#	NAME.tree	the tree as its packages made it
#	NAME.after.tree	what a container must not run, and what it needs besides
#	container.tree	what every container gets
#	NAME.hand	a person's edits after the build: a script run in the tree, and lines
#			"#! PATH: LINE" that must be there afterwards
#
# A build under VServer (build-edits-debian.sh) and a conversion must give exactly the
# tree of the packages, less that. On a tree that never saw VServer no recipe that takes a
# build back may act.
#
#	tests/fixups/debian-families.sh [NAME...]
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
. "$top/tests/lib/recipes.sh"
need_root

lists=$top/tests/fixups/tree.pl
families=$top/tests/fixups/families
build_edits=$top/tests/fixups/build-edits-debian.sh
G=

words=all

# guest_of LIST...: a fresh host $R with the guest g of these lists
guest_of() {
	R=$scratch/host
	rm -rf "$R"
	mkhost "$R"
	add_guest "$R" g 345 g.example.org 192.0.2.7 true
	G=$R/vservers/g
	perl "$lists" make "$G" "$@"
}

# Numbers that dependencies give depend on the release of insserv: where it rules, links are
# compared without their numbers, which ordered() looks at.
plain_links() {
	awk '/^[^|]/ { list = /\/\.depend\./ } !list' "$1" | sed -E 's,(/rc[0-6S]\.d/[SK])[0-9][0-9],\100,'
}

same_as_packages() {
	local dir=$1 name=$2 link
	if ! grep -qE '^(# Numbers of links do not count|file /etc/init.d/.depend.boot)' "$families/$name.tree"; then
		perl "$lists" check "$dir" "$families/$name.tree" "$families/container.tree" "$families/$name.after.tree"
		return
	fi
	rm -rf "$scratch/plain"
	cp -a "$dir" "$scratch/plain"
	rm -f "$scratch/plain"/etc/init.d/.depend.*
	find "$scratch/plain" -name '*.vs2vz-*-old' -exec rm -rf {} +
	for link in "$scratch/plain"/etc/rc?.d/[SK]*; do
		mv -T "$link" "${link%/*}/$(basename "$link" | sed 's/^\(.\)../\100/')"
	done
	plain_links "$families/$name.tree" >"$scratch/plain.tree"
	plain_links "$families/$name.after.tree" >"$scratch/after.tree"
	perl "$lists" check "$scratch/plain" "$scratch/plain.tree" "$families/container.tree" "$scratch/after.tree" && ordered "$dir" "$name"
}

number() { find "$1" -name "[SK][0-9][0-9]$2" | sed 's,.*/.\(..\).*,\1,'; }

# What the packages' own lists put one behind the other is behind it; the lists know each link.
ordered() {
	local dir=$1 name=$2 script other others a b
	while read -r script others; do
		for other in $others; do
			a=$(number "$dir/etc/rcS.d" "$other")
			b=$(number "$dir/etc/rcS.d" "${script%:}")
			[ -z "$a" ] || [ -z "$b" ] || [ "$a" -lt "$b" ] || { echo "$script $b not behind $other $a"; return 1; }
		done
	done < <([ ! -f "$dir/etc/init.d/.depend.boot" ] || sed -n '/^file .*\.depend\.boot/,/^[^|]/s/^| \([^ ]*:.*\)/\1/p' "$families/$name.tree")
	[ -f "$dir/etc/init.d/.depend.boot" ] || return 0
	for script in "$dir"/etc/rcS.d/S[0-9][0-9]*; do
		[[ "$script" != *.vs2vz-*-old ]] || continue
		script=${script##*/S??}
		grep -q "^TARGETS =.* $script\( \|\$\)" "$dir/etc/init.d/.depend.boot" ||
			{ echo ".depend.boot does not know $script"; return 1; }
	done
}

settle() { age "$R/vservers/g"; }

built_guest() {
	local name=$1 style=$2
	ok "$name $style: the tree is made" guest_of "$families/$name.tree" || return
	ok "$name $style: it is built under VServer" "$build_edits" "$G" "$style"
	settle
	host_tree "$scratch/before" "$R"
	run vs plan g --fixups "$words"
	ok "$name $style: recipes take it back" test -n "$(un_builds)"
	run_check "$name $style: convert" vs convert g --yes --fixups "$words"
	ok "$name $style: the tree is that of the packages, less what cannot be" \
		same_as_packages "$R/vz/private/345" "$name"
	starts_at_all "$R/vz/private/345" >"$scratch/started-$name"
	nothing_more "$name $style" g 345
	run_check "$name $style: undo" vs undo g
	unchanged "$name $style: everything is back"
}

result_is_stable() {
	local name=$1
	ok "$name: its result as a tree" guest_of "$families/$name.tree" "$families/container.tree" "$families/$name.after.tree"
	settle
	run vs plan g --fixups "$words" --diff
	! grep -qE 'VS51[012] ' "$scratch/both" && [ "$status" = 0 ]
	result $? "$name: nothing is left to do on its result" || show_last
}

# checkroot.sh and checkfs.sh check nothing in a container (vzctl makes /fastboot): they stay
# where they are, and come back only where insserv asks for them.
starts_at_all() { started "$1" | grep -v ' check\(root\|fs\)\.sh$'; }

never_built() {
	local name=$1
	guest_of "$families/$name.tree"
	settle
	run vs plan g --fixups "$words"
	never_taken_back "$name: nothing is taken back where nothing was built"
	host_tree "$scratch/before" "$R"
	run_check "$name: convert what was never built" vs convert g --yes --fixups "$words"
	starts_at_all "$R/vz/private/345" >"$scratch/started-plain"
	same_files "$scratch/started-$name" "$scratch/started-plain" "$name: the same starts"
	as_a_guest "$name: nothing is left to do on that"
	run_check "$name: undo of what was never built" vs undo g
	unchanged "$name: all of it is back"
}

# The tree of the container as a new guest: a plan has nothing for it.
as_a_guest() {
	local host=$R
	R=$scratch/second
	rm -rf "$R"
	mkhost "$R"
	add_guest "$R" g 345 g.example.org 192.0.2.7 true
	rm -rf "$R/vservers/g"
	cp -a "$host/vz/private/345" "$R/vservers/g"
	find "$R/vservers/g" -name '*.vs2vz-*-old' -exec rm -rf {} +
	run vs plan g --fixups "$words"
	! grep -qE 'VS51[012] ' "$scratch/both" && [ "$status" = 0 ]
	result $? "$1" || show_last
	R=$host
}

edited_by_hand() {
	local name=$1 path line
	guest_of "$families/$name.tree"
	"$build_edits" "$G"
	(cd "$G" && bash -eu "$families/$name.hand")
	result $? "$name: a person edits the guest"
	settle
	host_tree "$scratch/before" "$R"
	run_check "$name: convert the edited guest" vs convert g --yes --fixups "$words"
	while IFS=$'\t' read -r path line; do
		if [ "$line" = - ]; then
			ok "$name: $path is not there" test ! -L "$R/vz/private/345$path"
		elif [ -z "$line" ]; then
			ok "$name: $path is there" test -e "$R/vz/private/345$path" -o -L "$R/vz/private/345$path"
		else
			ok "$name: $path keeps: $line" grep -qxF -- "$line" "$R/vz/private/345$path"
		fi
	done < <(sed -n 's/^#! //p' "$families/$name.hand")
	run_check "$name: undo of the edited guest" vs undo g
	unchanged "$name: the person's guest is back"
}

for list in "$families"/{debian,ubuntu}-*.after.tree; do
	name=${list##*/}
	name=${name%.after.tree}
	wanted=$#
	for word; do
		[ "$name" != "$word" ] || wanted=0
	done
	[ "$wanted" = 0 ] || continue
	built_guest "$name" sysv
	built_guest "$name" plain
	result_is_stable "$name"
	never_built "$name"
	[ ! -f "$families/$name.hand" ] || edited_by_hand "$name"
done
done_testing
