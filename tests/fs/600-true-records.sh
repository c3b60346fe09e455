#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The record of a tree and what is said of it: a byte changed in a set-uid file with its
# time set back, an attribute, a flag, an ACL, whatever the method was; whose a change is;
# what was compared; many deviations at once.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
need_loop
need_tools setfattr setfacl chattr

# vzctl's lock is taken and given back.
host_tree() { tree "$1" "$2" -x var/lib/vs2vz -x var/log/vs2vz -x vz/lock; }

# A tree with something of everything that is changed below.
rich_tree() {
	small_tree "$1"
	mkdir -p "$1/bin" "$1/etc/network" "$1/etc/sysconfig" "$1/dev" "$1/data"
	head -c 20000 /dev/urandom >"$1/bin/su"
	chmod 4755 "$1/bin/su"
	echo 127.0.0.1 localhost >"$1/etc/hosts"
	: >"$1/etc/resolv.conf"
	echo auto lo >"$1/etc/network/interfaces"
	for i in $(seq 40); do echo "$i" >"$1/data/$i"; done
}

new_host() {
	unmount_below "$R"
	mount_new "$1" 320M "$R"
	mkhost "$R"
	mkdir -p "$R/srv"
	add_guest "$R" web 345 web.example.org 192.0.2.5 rich_tree
}

# Changes a byte; size, mode and times are as before.
patch_set_uid() {
	touch -r "$1" "$scratch/stamp"
	printf X | dd of="$1" bs=1 seek=77 conv=notrunc status=none
	chmod 4755 "$1"
	touch -r "$scratch/stamp" "$1"
}

witness="content, its date set back; or an attribute, flag, ACL or name"

# each_is_found TREE: verify names the change, undone each time by a new conversion
each_is_found() {
	local text=$1 tree=$2
	run_check "$text: nothing differs" vs verify web
	said "$text: what was compared" \
		"compared: [0-9]* objects, [0-9]* keys, contents of [0-9]* files"
	said_not "$text: no question marks" '\?'
	patch_set_uid "$tree/bin/su"
	run_status 1 "$text: one byte of a set-uid file" vs verify web
	said "$text: is found" "bin/su: $witness .the container's"
	said "$text: VS706 names it" "the container's .'bin/su'"
	setfattr -n user.new -v x "$tree/data/1"
	run_status 1 "$text: an attribute" vs verify web
	said "$text: is found" "data/1: .*the container's"
	setfacl -m u:7:r "$tree/data/2"
	run_status 1 "$text: an ACL" vs verify web
	said "$text: is found" "data/2: .*the container's"
	chattr +d "$tree/data/3"
	run_status 1 "$text: a flag" vs verify web
	said "$text: is found" "data/3: .*the container's"
}

R=$scratch/h
for fs in ext4 xfs btrfs; do
	have_fs "$fs" || { skip "$fs" "no such file system here"; continue; }
	new_host "$fs"
	run_check "$fs: convert" vs convert web --yes
	each_is_found "$fs: rename" "$R/vz/private/345"
	run_check "$fs: undo keeps what the container changed" vs undo web
	said "$fs: and names it" "bin/su: $witness"
	said_not "$fs: and does not call it equal" "equal the record"
	ok "$fs: the byte is there" test "$(dd if="$R/vservers/web/bin/su" bs=1 skip=77 count=1 status=none)" = X
	run_check "$fs: convert again" vs convert web --yes
	run_check "$fs: undo at once" vs undo web
	said "$fs: is back" "web is back: all [0-9]* objects equal the record made before"
done

new_host ext4
run_check "convert by copy" vs convert web --yes --method copy
each_is_found "copy" "$R/vz/private/345"
run_check "undo" vs undo web --discard-changes
run_check "convert by copy" vs convert web --yes --method copy
patch_set_uid "$R/vz/private/345/bin/su"
host_tree "$scratch/before" "$R"
run_status 2 "undo of a copy in which one byte changed is refused" vs undo web
said "it is named" "bin/su"
unchanged "nothing was changed"
run_status 2 "the dry run says so too" vs undo web -n
said "and names it" "bin/su"
run_check "undo" vs undo web --discard-changes
echo late >"$R/vservers/web/data/late"
rm "$R/vservers/web/data/late"
run_check "convert by copy" vs convert web --yes --method copy
patch_set_uid "$(aside "$R/vservers" web)/bin/su"
run_status 1 "a write into the source that was set aside" vs verify web
said "is told from one into the container" "bin/su: .* in what the container was copied from"
run vs undo web --discard-changes

# What vzctl writes when it starts a container.
new_host ext4
run_check "convert" vs convert web --yes
tree=$R/vz/private/345
echo 192.0.2.5 web >>"$tree/etc/hosts"
echo nameserver 192.0.2.1 >"$tree/etc/resolv.conf.new"
mv "$tree/etc/resolv.conf.new" "$tree/etc/resolv.conf"
echo web >"$tree/etc/hostname"
echo auto venet0 >>"$tree/etc/network/interfaces"
: >"$tree/fastboot"
run_check "what vzctl writes at a start is no change of the container's" vs verify web
for path in etc/hosts etc/hostname etc/resolv.conf etc/network/interfaces fastboot; do
	said "$path: vzctl's" "$path: .*vzctl's"
done
said_not "nothing is the container's" "the container's"
said_not "and no finding" VS70
: >"$tree/etc/own"
run_status 1 "a file of its own is" vs verify web
said "and is told from vzctl's" "etc/own: new .the container's"
rm "$tree/etc/own"
for i in $(seq 40); do echo more >>"$tree/data/$i"; done
run_status 1 "forty files" vs verify web
is "$(grep -c "data/.*the container's" "$scratch/out")" 20 "twenty are on the screen"
said "the others are counted" '\.\.\. and [0-9]* more'
run_status 1 "as a document" vs --json verify web
is "$(grep -o '"path": *"data/' "$scratch/out" | wc -l)" 40 "all are in it"
run vs undo web

# More than twenty steps that deviate: the private areas are not mounted.
new_host ext4
for i in $(seq 24); do mkdir -p "$R/vservers/web/etc/rc3.d"; ln -s ../init.d/klogd "$R/vservers/web/etc/rc3.d/S${i}x"; done
run_check "convert with edits" vs convert web --yes --fixups all
mv "$R/vz/private/345" "$R/away"
mkdir "$R/vz/private/345"
run vs verify web
[ "$status" = 1 ] || [ "$status" = 4 ]
result $? "verify of a tree that is away fails and says so" || show_last
said "by its place" "/vz/private/345"
said_not "not by numbers of steps" 'step [0-9]'
done_testing
