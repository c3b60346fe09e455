#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Subvolumes of btrfs in a guest's tree are no mounts: a rename carries them along, a copy
# has plain directories for them, what comes back keeps them, and commit takes them away.
# Inode numbers of different subvolumes are the same ones: links are told apart.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
need_loop
have_fs btrfs || skip_unless_required "no btrfs"
need_tools btrfs

# Two subvolumes with hard links of equal inode numbers, one in the other, and a snapshot.
subvolumes() {
	local t=$1 s
	for s in "$t/srv/one" "$t/srv/two" "$t/srv/one/inner"; do
		mkdir -p "$t/srv"
		btrfs subvolume create "$s" >"$scratch/made"
		echo "first of $s" >"$s/a"
		ln "$s/a" "$s/a-again"
		echo "second of $s" >"$s/b"
		ln "$s/b" "$s/b-again"
	done
	age "$t"
	btrfs subvolume snapshot -r "$t/srv/two" "$t/srv/snapshot" >"$scratch/made"
	touch -d '2008-04-28 10:46:13.123456789' "$t/srv"
}

is_subvolume() { [ "$(stat -c %i "$1")" = 256 ]; }

# host TARGET: btrfs, or the same
host() {
	unmount_below "$scratch/host"
	rm -f "$scratch"/*.img
	R=$scratch/host
	mount_new btrfs 512M "$R" && mkhost "$R" && mkdir -p "$R/srv" || return 1
	[ -z "${1:-}" ] || mount_new "$1" 256M "$R/vz/private"
	add_guest "$R" web 301 web.example.org 192.0.2.1
	subvolumes "$R/vservers/web"
	tree "$scratch/before" "$R/vservers/web"
	t=$R/vservers/web c=$R/vz/private/301
}

host
is "$(stat -c %i "$t/srv/one/a")" "$(stat -c %i "$t/srv/two/a")" "inode numbers are the same ones"
run_check "check takes subvolumes for no mounts" vs check
said "and tells of them" 'VS423 subvolumes'
said_not "not of a mount" VS404
run vs plan --all
said "the plan renames" 'method *rename'
run_check "convert by a rename" vs convert web --yes
ok "they still are subvolumes" is_subvolume "$c/srv/one/inner"
tree "$scratch/now" "$c"
same_files "$scratch/before" "$scratch/now" "all of them is there"
run_check "verify" vs verify web
run_check "undo" vs undo web
tree "$scratch/now" "$t"
same_files "$scratch/before" "$scratch/now" "all of them is back"

for to in ext4 btrfs; do
	host "$to"
	run_check "$to: convert by a copy" vs convert web --yes
	said "$to: what becomes of them is said" 'VS423|plain directories in their place'
	ok "$to: the copy has plain directories" test "$(stat -c %d "$c/srv/one/inner")" = "$(stat -c %d "$c")"
	is "$(cat "$c/srv/two/a-again" "$c/srv/one/a" "$c/srv/one/inner/b")" \
		"$(cat "$(aside "$R/vservers" web)"/srv/{two/a-again,one/a,one/inner/b})" "$to: each file is its own"
	tree "$scratch/now" "$c"
	same_files "$scratch/before" "$scratch/now" "$to: the copy is the same, links and times too"
	run_check "$to: verify" vs verify web
	run_check "$to: undo" vs undo web
	run_check "$to: convert again" vs convert web --yes
	echo new >"$c/srv/one/inner/new"
	run_check "$to: undo --bring-back" vs undo web --bring-back
	ok "$to: subvolumes are subvolumes again" is_subvolume "$t/srv/one/inner"
	ok "$to: the snapshot as well" is_subvolume "$t/srv/snapshot"
	is "$(cat "$t/srv/one/inner/new")" new "$to: the change has come back"
	tree "$scratch/now" "$t"
	is "$(diff "$scratch/before" "$scratch/now" | sed -n 's/^[<>] \([^ ]*\) .*/\1/p' | sort -u | tr '\n' ' ')" \
		"/srv/one/inner /srv/one/inner/new " "$to: and nothing else"
	run_check "$to: convert once more" vs convert web --yes
	run_check "$to: commit removes them" vs commit web --yes
	ok "$to: nothing is left of the source" test -z "$(ls -A "$R/vservers" | grep web)"
	is "$(btrfs subvolume list "$R" | grep -c web)" 0 "$to: nor a subvolume"
done

host
run_check "a file system of its own" vs convert web --yes --insulate image:/srv:60M
mkdir "$scratch/view" && mount -o loop,ro "$R/srv/301.img" "$scratch/view"
tree "$scratch/now" "$scratch/view"
same_files "$scratch/before" "$scratch/now" "it has all of them"
umount "$scratch/view"

# What is mounted there is still a mount, be it btrfs itself.
host
mkdir "$t/mnt/other" 2>/dev/null || mkdir -p "$t/mnt/other"
mount_new btrfs 120M "$t/mnt/other"
run_status 2 "a btrfs that is mounted in the tree is a mount" vs check
said "it is named" 'mnt/other'
umount "$t/mnt/other"
mount --bind "$t/srv/two" "$t/mnt/other"
run_status 2 "a subvolume that is mounted in the tree is a mount" vs check
done_testing
