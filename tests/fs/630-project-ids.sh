#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Projects of quotas: a directory that hands its project on takes nothing of another one by
# a rename. The plan knows it: it copies, or says why the tree cannot be moved at all. The
# copy has the right project.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
need_loop
need_tools chattr lsattr

project() { lsattr -pd "$1" | awk '{ print $1 }'; }

# host TYPE [MKFS-OPTION...]
host() {
	local type=$1
	shift
	unmount_below "$scratch/host"
	rm -f "$scratch"/*.img
	R=$scratch/host
	mount_new "$type" 320M "$R" "$@" 2>"$scratch/mount.log" || return 1
	mkhost "$R"
	add_guest "$R" web 301 web.example.org 192.0.2.1
	t=$R/vservers/web c=$R/vz/private/301
	tree "$scratch/before" "$t"
}

life() {
	local type=$1
	shift
	host "$type" "$@" || { skip "$type with projects" "this kernel does not mount it"; return; }
	chattr -R -f -p 7 "$t"
	chattr -p 9 "$R/vz/private" && chattr +P "$R/vz/private"
	ok "$type: the kernel refuses the rename" test ! -e "$(mv -nT --no-copy "$t" "$c" 2>/dev/null; echo "$c")"
	run vs plan --all
	said "$type: the plan copies, and says why" "method *copy: '/vz/private' hands on project 9, the tree is of project 7"
	run_check "$type: convert" vs convert web --yes
	is "$(project "$c/etc/passwd") $(project "$c/var/log")" "9 9" "$type: the copy is of the new project"
	tree "$scratch/now" "$c"
	# The flag that hands the project on comes from the directory as well.
	sed -i 's/ flags=20000000$/ flags=0/' "$scratch/now"
	same_files "$scratch/before" "$scratch/now" "$type: and complete"
	run_check "$type: verify" vs verify web
	run_check "$type: undo" vs undo web
	is "$(project "$t/etc/passwd") $(project "$t/var")" "7 7" "$type: the source has its own"

	chattr -P "$R/vz/private"
	run vs plan --all
	said "$type: without the flag it renames" 'method *rename'
	run_check "$type: convert by a rename" vs convert web --yes
	is "$(project "$c/etc/passwd")" 7 "$type: the project goes along"
	run_check "$type: undo of it" vs undo web
	chattr +P "$t/var/log"
	run_check "$type: a copy that was asked for" vs convert web --yes --method copy
	is "$(project "$c/etc/passwd") $(project "$c/var/log")" "7 7" "$type: takes the project along"
	ok "$type: and the flag" sh -c "lsattr -d '$c/var/log' | grep -q ^[-a-zA-Z]*P"
	run_check "$type: undo of that" vs undo web
	chattr -P "$t/var/log"

	# It could be moved away, but not come back.
	chattr -p 8 "$R/vservers" && chattr +P "$R/vservers"
	run_status 2 "$type: a tree that could not come back is blocked" vs convert web --yes
	said "$type: with the reason" "VS425 .*|'/vservers' hands on project 8, the tree is of project 7"
	chattr -p 7 "$R/vservers"
	run_check "$type: of one project it can" vs convert web --yes
	run_check "$type: and back" vs undo web
	tree "$scratch/now" "$t"
	same_files "$scratch/before" "$scratch/now" "$type: all is as it was"
}

life ext4 -O project,quota -I 256
have_fs xfs && life xfs

# A file system that is marked with errors is named before anything.
R=$scratch/host
host ext4 -I 256
image=$(ls -t "$scratch"/ext4.*.img | head -n 1)
unmount_below "$R"
need_tools debugfs
debugfs -w -R 'set_super_value state 3' "$image" 2>"$scratch/debugfs"
mount -o loop "$image" "$R"
run_status 2 "a file system with errors blocks" vs convert web --yes
said "it is named" 'VS424 .*|ext4 at .*: its superblock is marked'
ok "nothing was changed" test -d "$t"
run_check "unless it is to be as it is" vs convert web --yes --override VS424
run_check "undo" vs undo web
unmount_below "$R"
e2fsck -fy "$image" >"$scratch/e2fsck" 2>&1
mount -o loop "$image" "$R"
run_check "after a check nothing is said" vs check
said_not "of errors" VS424
done_testing
