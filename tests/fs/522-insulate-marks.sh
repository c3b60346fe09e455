#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Guests that carry VServer's marks and get file systems of their own: tags in owners,
# files unified with other guests and a hash store, flags that only the disk shows. Each
# file system holds a clean tree; the guests that stay do not notice, undo is exact.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
. "$top/tests/lib/marks.sh"
need_loop
need_tools e2fsck chattr debugfs setfattr setfacl
have_fs ext4 || skip_unless_required "no ext4"

R=$scratch/h
guests="uni1 uni2 uni3"

few_files() { unified_tree "$1" 60; }

# $scratch/clean-GUEST: what each tree is without marks.
marked_host() {
	local g
	wipe "$R"
	mount_new ext4 256M "$R" && mkhost "$R" || return 1
	mkdir -p "$R/srv"
	for g in $guests; do
		add_guest "$R" "$g" "30${g#uni}" "$g.example.org" "192.0.2.3${g#uni}" few_files
		mkdir -p "$R/etc/vservers/$g/apps/vunify"
		age "$R/etc/vservers/$g"
		"$MANIFEST" -F "$R/vservers/$g" >"$scratch/clean-$g"
		tag_tree id24 "30${g#uni}" "$R/vservers/$g" ! -path './usr/*'
		put_line "$R/etc/vs2vz.d/map.conf" "guest \"$g\" { tagging = \"id24\" tag = {30${g#uni}} }"
	done
	# shellcheck disable=SC2046
	UNIFY=usr unify "$R/vservers/.hash" $(printf "$R/vservers/%s " $guests)
	ln -s /vservers/.hash "$R/etc/vservers/.defaults/apps/vunify/hash/00"
	age "$R/etc/vservers/.defaults"
	for g in $guests; do chattr +i "$R/vservers/$g/etc/resolv.conf"; done
	# shellcheck disable=SC2046
	hide_on "$R" 0x08000000 $(inodes_below "$R/vservers/.hash")
	age "$R/srv"
	age "$R/etc"
}

# is_clean VOLUME GUEST TEXT: a plain mount shows the tree, nothing of it frozen but the
# administrator's own file
is_clean() {
	run e2fsck -fn "$1"
	result "$status" "$3: e2fsck finds nothing" || show_last
	mkdir -p "$scratch/m"
	mount -o loop,ro "$1" "$scratch/m" || { result 1 "$3: it can be mounted"; return; }
	"$MANIFEST" -F "$scratch/m" >"$scratch/own"
	same_files "$scratch/clean-$2" "$scratch/own" "$3: the clean tree is in it, link groups included"
	is "$(find "$scratch/m" -type f -exec lsattr {} + | awk '$1 ~ /i/ { print $2 }')" \
		"$scratch/m/etc/resolv.conf" "$3: one file is frozen, the administrator's own"
	umount "$scratch/m"
}

nothing_left() {
	is "$(loops_below "$R/")" "" "$1: no loop device is left"
	is "$(mounts_at "$R" | grep -vFx "$R" | head -n 1)" "" "$1: nothing is mounted"
}

store() { find "$R/vservers/.hash" -type f -printf '%n\n' | sort -n | uniq -c; }

marked_host || exit 1
host_tree "$scratch/before" "$R"

# ---- guest to own: one, the others stay

run_check "one of three" vs convert uni1 --yes --insulate image:/srv
is_clean "$R/srv/301.img" uni1 "uni1"
nothing_left "one of three"
run_check "verify" vs verify
run_check "undo" vs undo uni1
unchanged "undo is exact"

# ---- all, for good

run_check "all" vs convert --all --yes --insulate image:/srv
for g in $guests; do is_clean "$R/srv/30${g#uni}.img" "$g" "$g"; done
run_check "verify" vs verify
run_check "undo" vs undo --all
unchanged "undo of all is exact"
run_check "all again" vs convert --all --yes --insulate image:/srv
run_check "commit" vs commit --all --yes
nothing_left "commit"
is "$(ls -A "$R/vservers" | grep -v '^\.hash$\|^\.pkg$\|^lost+found$')" "" "commit frees the trees"
is "$(store | awk '{ print $2 }')" 1 "what is left in the store has one name"
for g in $guests; do is_clean "$R/srv/30${g#uni}.img" "$g" "$g, committed"; done

# ---- own to shared, shared to own: nothing of the marks comes back

host_tree() { tree "$1" "$2" -x var/lib/vs2vz -x var/log/vs2vz -x vz/lock; }
host_tree "$scratch/before" "$R"
run_check "own to shared" vs uninsulate 301 --yes
"$MANIFEST" -F "$R/vz/private/301" >"$scratch/own"
same_files "$scratch/clean-uni1" "$scratch/own" "own to shared: the clean tree"
run_check "undo" vs undo 301
unchanged "own to shared is undone"
run_check "own to shared again" vs uninsulate 301 --yes
run_check "commit" vs commit 301 --yes
ok "its image is gone" test ! -e "$R/srv/301.img"
host_tree "$scratch/before" "$R"
run_check "shared to own" vs insulate 301 --image /srv/new.img --yes
is_clean "$R/srv/new.img" uni1 "shared to own"
run_check "undo" vs undo 301
unchanged "shared to own is undone"

# ---- guest to shared, then to own

marked_host || exit 1
host_tree() { tree "$1" "$2" -x var/lib/vs2vz -x var/log/vs2vz; }
run_check "guest to shared" vs convert uni2 --yes
run_check "commit" vs commit uni2 --yes
run_check "shared to own" vs insulate 302 --image /srv/302.img --yes
is_clean "$R/srv/302.img" uni2 "a repaired tree"
run_check "verify" vs verify
run_check "commit" vs commit 302 --yes
ok "the old tree is gone" test ! -e "$R/vz/private/302/usr"
is_clean "$R/srv/302.img" uni2 "a repaired tree, committed"
done_testing
