#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Bytes 124 to 127 of ext4's inodes have two owners: the tag of a VServer kernel with
# CONFIG_TAGGING_INTERN, and the disk quota of OpenVZ's kernel. A tree that OpenVZ wrote is
# not said to be tagged, a tagged one is, and where the numbers do not tell it is asked.
# None of it blocks a conversion, and owners, contents and these bytes stay as they are.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
. "$top/tests/lib/marks.sh"
need_loop
need_tools debugfs mkfs.ext4 losetup

R=$scratch/r
mount_new ext4 256M "$R" -O ^metadata_csum && mkhost "$R" || exit 1
add_guest "$R" web 345 web.example.org 192.0.2.30 small_tree
add_guest "$R" other 777 other.example.org 192.0.2.31 small_tree
many_files "$R/vservers/web" 60

inodes() { find "$R/vservers/web" -mindepth 1 -printf '%i\n' | sort -nu; }
some() { inodes | sed -n "$1p" | tr '\n' ' '; }

# tell TEXT FINDING...: exactly these of VS412 and VS415
tell() {
	local text=$1 id
	shift
	run vs check web
	for id in VS412 VS415; do
		case " $* " in
		*" $id "*) said "$text: $id" "$id" ;;
		*) said_not "$text: no $id" "$id" ;;
		esac
	done
}

tell "no words"

# ---- as OpenVZ's kernel leaves it: the numbers of containers, -1, and what was in memory

# shellcheck disable=SC2046
{
	word_on "$R" 0xc0ffee01 $(some 1,10) && word_on "$R" 0xffffffff $(some 11,14) &&
	word_on "$R" 1007 $(some 15,30) && word_on "$R" 0xdead0159 $(some 31,33)
}
result $? "words of OpenVZ are on the disk"
tell "words of OpenVZ"
host_tree "$scratch/before" "$R"
run_check "convert" vs convert web --yes --ctid 345
said_not "convert does not speak of tags" 'VS41[25]'
run_check "verify" vs verify web
run_check "undo" vs undo web
unchanged "undo"

# ---- a container 345 had a quota and wrote some files: the number is the guest's context, too

word_on "$R" 345 $(some 40,45) || exit 1
tell "some words are the guest's context" VS415
run vs check web
said "the figures" '39 of .* 1007 on 16'
said "the guest's own tag" "own tag is 345"
run_check "a warning does not block" vs convert web --yes --ctid 345
run_check "undo" vs undo web

answer() { put "$R/etc/vs2vz.d/map.conf" <<<"guest \"web\" { tagging = \"$1\" }"; }
answer none
tell "answered none"
answer intern
tell "answered intern" VS412
run vs check web
said "tags and others are counted apart" '22 of .* inodes; told by map.conf; 17 more have a number'
rm "$R/etc/vs2vz.d/map.conf"
mkdir -p "$R/boot"
echo CONFIG_TAGGING_ID24=y >"$R/boot/config-2.6.22.19-vs2.2.0.7"
tell "the old kernel kept tags in owners"
echo CONFIG_TAGGING_INTERN=y >"$R/boot/config-2.6.22.19-vs2.2.0.7"
tell "the old kernel was one with INTERN" VS412
rm -r "$R/boot"

# ---- a tree that VServer wrote

word_on "$R" 345 $(inodes) || exit 1
tell "every inode has the guest's context" VS412
word_on "$R" 777 $(some 1,3) || exit 1
tell "some have another guest's" VS415
word_on "$R" 0 $(inodes) || exit 1
word_on "$R" 777 $(some 1,3) || exit 1
tell "another guest's alone" VS415
done_testing
