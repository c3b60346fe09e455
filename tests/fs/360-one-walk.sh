#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A guest without marks that is renamed is walked once. System calls are counted: each
# directory of the tree is read to its end by one walk, and again only where the fix-ups
# or the look at the system need its names. A guest with tags takes two walks more, one
# that writes the record and one that acts.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/marks.sh"
need_loop
need_tools strace perl setfattr getfattr
strace -qq -y -o /dev/null true 2>/dev/null || skip_all "strace does not work here"

dirs=300
deep_tree() {
	local i
	small_tree "$1"
	for ((i = 0; i < dirs; i++)); do
		mkdir -p "$1/srv/data/$((i % 10))/$i"
		echo "$i" >"$1/srv/data/$((i % 10))/$i/file"
	done
}

R=$scratch/host
mount_new ext4 128M "$R" && mkhost "$R" || { result 1 "cannot make a file system"; done_testing; }
add_guest "$R" plain 400 plain.example.org 192.0.2.1 deep_tree
add_guest "$R" tagged 401 tagged.example.org 192.0.2.2 deep_tree
tag_tree id24 401 "$R/vservers/tagged"
all=$(find "$R/vservers/plain/srv/data" -mindepth 1 -type d | wc -l)

# traced COMMAND...: and the directories that it read, one line for each call
traced() {
	strace -f -qq -y -e trace=getdents64,getdents -o "$scratch/trace" \
		"$VS2VZ" --root "$R" -q "$@" >"$scratch/out" 2>"$scratch/err" </dev/null
	status=$? last=$*
	sed -n 's/.*getdents[0-9]*([0-9]*<\([^>]*\)>.*/\1/p' "$scratch/trace" |
		sed "s,^$(readlink -f "$R"),," >"$scratch/read"
	is "$status" 0 "$* (exit 0)" || show_last
}

# walks ROOT...: how many times the directories of srv/data were read to their end, all in all
walks() {
	local pattern
	pattern=$(printf '|%s/srv/data/' "$@")
	grep -Ec "^(${pattern#|})" "$scratch/read"
}

traced plan plain
is "$(walks /vservers/plain)" "$((2 * all))" "plan reads each of $all directories once"

# Two calls for each: names, and the end.
traced convert plain --yes
is "$(walks /vservers/plain /vz/private/400)" "$((2 * all))" "convert reads each of $all directories once"
sort "$scratch/read" | uniq -c | awk '$1 > 2 && $2 ~ "^/(vservers/plain|vz/private/400)/"' >"$scratch/more"
[ "$(wc -l <"$scratch/more")" -le 12 ]
result $? "few directories are read again" || diag "$(cat "$scratch/more")"

traced convert tagged --yes
is "$(walks /vservers/tagged /vz/private/401)" "$((8 * all))" \
	"a repair reads them three times more: record, act, and what came of it"
is "$(find "$R/vz/private/401" -uid +65535 | wc -l) $(find "$R/vz/private/401" -type d | wc -l)" \
	"0 $(find "$R/vz/private/400" -type d | wc -l)" "the owners are true ones"
done_testing
