#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Guests with tagged owners and unified files are copied to another file system: the
# container has none of it, undo brings all of it back, and what a container changed
# comes back without touching what other guests share.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
. "$top/tests/lib/marks.sh"
need_loop
need_tools debugfs perl setfacl setfattr getfattr chattr

# Big enough for unification, with the same content in each guest.
marked_tree() {
	local t=$1 i
	fedora_tree "$t"
	for i in grep sed awk tar gzip; do
		seq 1 400 | sed "s/^/$i /" | put "$t/usr/bin/$i" 755
		ln -f "$t/usr/bin/$i" "$t/usr/lib/$i.too"
	done
	chmod 4755 "$t/usr/bin/tar"
	setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 \
		"$t/usr/bin/gzip"
	setfacl -d -m u:500:rx "$t/home/user"
	echo 'nameserver 192.0.2.1' | put "$t/etc/resolv.conf"
	mkdir -p "$t/srv/host"
	echo 'by the host' | put "$t/srv/host/file"
}

# marked_host FROM METHOD: $R with v345, tagged, and with v346, whose files it shares
marked_host() {
	local from=$1 method=$2
	mount_new "$from" 256M "$R" || return 1
	mkhost "$R"
	add_guest "$R" v345 345 v345.example.org 192.0.2.45 marked_tree
	add_guest "$R" v346 346 v346.example.org 192.0.2.46 marked_tree
	mkdir "$R/vservers/.hash"
	ln -s /vservers/.hash "$R/etc/vservers/.defaults/apps/vunify/hash/00"
	chattr +i "$R/vservers/v345/etc/resolv.conf"
	tree "$scratch/clean" "$R/vservers/v345"
	chattr -i "$R/vservers/v345/etc/resolv.conf"
	tag_tree "$method" 345 "$R/vservers/v345" -not -path './srv/host*'
	# Shared files carry no tag, or all guests but one would be refused.
	UNIFY='usr' unify "$R/vservers/.hash" "$R/vservers/v346"
	share_untagged
	chattr +i "$R/vservers/v345/etc/resolv.conf"
	age "$R/etc"
	hide_on "$R" 0x08000000 $(inodes_below "$R/vservers/.hash")
}

# v345's twins of v346's unified files become one inode with them.
share_untagged() {
	local a=$R/vservers/v345 b=$R/vservers/v346 dir
	chattr -R -f -i "$R/vservers/.hash"
	for dir in usr/bin usr/lib; do
		touch -r "$a/$dir" "$scratch/time"
		(cd "$b/$dir" && find . -maxdepth 1 -type f -size +15c -print0) |
			(cd "$a/$dir" && xargs -0 -I{} ln -f "$b/$dir/{}" "{}")
		touch -r "$scratch/time" "$a/$dir"
	done
	find "$R/vservers/.hash" -type f -exec chattr +i -- {} +
}

# i_flags of all unified files, as they are on the device: flags_on_disk FILE
flags_on_disk() {
	sync
	inodes_below "$R/vservers/.hash" | sed 's/.*/stat <&>/' >"$scratch/ask"
	debugfs -f "$scratch/ask" "$(image_of "$R")" 2>/dev/null | grep '^Inode:' >"$1"
}

# others TEXT: v346 and the store are what they were
others() {
	tree "$scratch/now" "$R/vservers/v346"
	same_files "$scratch/v346" "$scratch/now" "$1: the other guest's files are as they were"
	flags_on_disk "$scratch/flags-now"
	same_files "$scratch/flags" "$scratch/flags-now" "$1: unified files keep their flags"
}

# Back and forth, with what a container did in between.
bring_back() {
	local ct=$R/vz/private/345
	ok "a unified file can be written" sh -c 'echo written >>"$1"' - "$ct/usr/bin/grep"
	ok "and replaced" sh -c 'cp "$1" "$1.new" && mv "$1.new" "$1"' - "$ct/usr/bin/sed"
	echo new >"$ct/srv/new"
	chown 500:500 "$ct/srv/new"
	# Immutable by the container's own root: it is no mark of VServer.
	echo fixed >"$ct/srv/fixed"
	ok "a file becomes immutable" chattr +i "$ct/srv/fixed" "$ct/etc/passwd"
	run_mustfail "undo of a changed copy is refused" vs undo v345
	said "the refusal names the file" 'usr/bin/grep'
	said_not "and none that only lost its marks" 'usr/bin/tar|resolv.conf'
	run_check "--bring-back" vs undo v345 --bring-back
	others "after --bring-back"
	ok "the guest has the change" grep -q written "$R/vservers/v345/usr/bin/grep"
	ok "the other guest has not" sh -c '! grep -q written "$1"' - "$R/vservers/v346/usr/bin/grep"
	is "$(stat -c %i "$R/vservers/v345/usr/bin/tar")" "$(stat -c %i "$R/vservers/v346/usr/bin/tar")" \
		"what did not change is still shared"
	is "$(stat -c %u:%g "$R/vservers/v345/srv/new")" "$1" "what is new has the guest's tag"
	is "$(lsattr -d "$R/vservers/v345/srv/fixed" "$R/vservers/v345/etc/passwd" | cut -c5 | tr -d '\n')" ii \
		"what the container made immutable is"
}

pair() {
	local from=$1 to=$2 method=$3 new_owner=$4
	if ! have_fs "$from" || ! have_fs "$to"; then
		skip "$from to $to" "no such file system here"
		return
	fi
	R=$scratch/$from-$to
	marked_host "$from" "$method" && mount_new "$to" 512M "$R/vz/private" ||
		{ result 1 "cannot build $from to $to"; return; }
	chmod 700 "$R/vz/private"
	age "$R/vz/private"
	age "$R/vz"
	diag "$from to $to, $method"
	host_tree "$scratch/before" "$R"
	tree "$scratch/v346" "$R/vservers/v346"
	flags_on_disk "$scratch/flags"
	run vs plan v345
	said "the plan says what it mends on the way" "copy.*lose tag 345 of $method.*can be changed"
	run_check "convert" vs convert v345 --yes
	same_tree "$scratch/clean" 345 "true owners, no unified file, all else as it was"
	run_check "verify" vs verify v345
	others "after convert"
	run_check "undo" vs undo v345
	unchanged "tags, flags and links are back"
	others "after undo"
	run_check "convert again" vs convert v345 --yes
	bring_back "$new_owner"
	unmount_below "$R"
}

pair ext4 xfs id24 $((1 << 24 | 500)):$((89 << 24 | 500))
pair ext4 btrfs uid16 $((345 << 16 | 500)):500
pair ext3 ext4 gid16 500:$((345 << 16 | 500))
done_testing
