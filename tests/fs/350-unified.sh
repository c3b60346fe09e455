#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Unified guests: three of them and a hash store share inodes, frozen by the immutable
# flag and the flags that only the disk shows. After the conversion every container owns
# its files, and the guests that stayed do not notice.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
. "$top/tests/lib/marks.sh"
need_loop
need_tools chattr debugfs setfattr setfacl

guests="uni1 uni2 uni3"

# Unified as vhashify leaves it, on the file system at $R; hidden flags by debugfs.
unified_host() {
	local fs=$1 image g
	wipe "$R"
	mount_new "$fs" 768M "$R" && mkhost "$R" || return 1
	for g in $guests; do
		add_guest "$R" "$g" "30${g#uni}" "$g.example.org" "192.0.2.3${g#uni}" unified_tree
		mkdir -p "$R/etc/vservers/$g/apps/vunify"
		age "$R/etc/vservers/$g"
	done
	# shellcheck disable=SC2046
	unify "$R/vservers/.hash" $(printf "$R/vservers/%s " $guests)
	ln -s /vservers/.hash "$R/etc/vservers/.defaults/apps/vunify/hash/00"
	age "$R/etc/vservers/.defaults"
	for g in $guests; do chattr +i "$R/vservers/$g/etc/resolv.conf"; done
	# shellcheck disable=SC2046
	[ "${fs#ext}" = "$fs" ] || hide_on "$R" 0x08000000 $(inodes_below "$R/vservers/.hash")
}

# Do all inodes of the store still have the hidden flag? The file system is mounted.
store_is_hidden() {
	local device
	device=$(findmnt -fno SOURCE -M "$R")
	sync -f "$R"
	inodes_below "$R/vservers/.hash" | sed 's/.*/stat <&>/' >"$scratch/ask"
	debugfs -f "$scratch/ask" "$device" 2>/dev/null | perl -ne '
		next unless /\bFlags: 0x([0-9a-f]+)/;
		$n++;
		$bad++ if (hex($1) & 0x08000010) != 0x08000010;
		END { exit !($n > 200 and !$bad) }'
}

# Every name in a tree that is shared with another tree: relative paths
shared_names() { (cd "$1" && find . -xdev -type f -links +1 -path './usr/*' | sort); }

# alone FILE DIR: the manifest of a tree for itself. Links to other trees do not count, nor
# do flags.
alone() {
	"$MANIFEST" -F "$2" >"$1.all"
	awk 'NR == FNR { if (match($0, / same=[^ ]*/)) n[substr($0, RSTART, RLENGTH)]++; next }
		match($0, / same=[^ ]*/) && n[substr($0, RSTART, RLENGTH)] == 1 {
			$0 = substr($0, 1, RSTART - 1) substr($0, RSTART + RLENGTH) }
		{ print }' "$1.all" "$1.all" >"$1"
}

# write_all CTID...: to every formerly shared file of each container; nobody else sees it
write_all() {
	local ctid other n
	for ctid; do
		for other in $guests; do
			for d in "$R/vservers/$other" "$R/vz/private/30${other#uni}"; do
				[ -d "$d" ] && [ "$d" != "$R/vz/private/$ctid" ] && tree "$scratch/other-${d##*/}" "$d"
			done
		done
		tree "$scratch/store" "$R/vservers/.hash"
		n=0
		while read -r f; do
			echo "written by $ctid" >>"$R/vz/private/$ctid/$f" || return 1
			n=$((n + 1))
		done <"$scratch/shared"
		ok "$ctid: each of $n files takes a write" test "$n" -gt 200
		for other in $guests; do
			for d in "$R/vservers/$other" "$R/vz/private/30${other#uni}"; do
				[ -f "$scratch/other-${d##*/}" ] || continue
				[ "$d" = "$R/vz/private/$ctid" ] && continue
				tree "$scratch/now" "$d"
				same_files "$scratch/other-${d##*/}" "$scratch/now" \
					"$ctid: ${d#"$R"} does not see it"
			done
		done
		tree "$scratch/now" "$R/vservers/.hash"
		same_files "$scratch/store" "$scratch/now" "$ctid: nor does the store"
		rm -f "$scratch"/other-*
	done
}

# What a package manager does: a new file renamed over the old name.
upgrade_and_remove() {
	local t=$R/vz/private/$1
	ok "a file is replaced by rename" sh -c "echo new >'$t/usr/bin/.new' && mv -f '$t/usr/bin/.new' '$t/usr/bin/gcc'"
	ok "a backup link can be made" ln "$t/usr/share/many/f1" "$t/usr/share/many/f1.dpkg-tmp"
	ok "rm -rf works" rm -rf "$t/usr"
}

life() {
	local fs=$1 method=$2 g opt=
	[ "$method" = copy ] && opt="--method copy"
	R=$scratch/r
	unified_host "$fs" || { result 1 "cannot build the host on $fs"; return; }
	diag "$fs, $method"
	shared_names "$R/vservers/uni1" >"$scratch/shared"
	for g in $guests; do
		alone "$scratch/was-$g" "$R/vservers/$g"
	done
	host_tree "$scratch/before" "$R"
	run vs check
	said "$fs, $method: the sharers are named" 'uni2'
	said "$fs, $method: the hash store is named" '/vservers/\.hash'

	# one guest alone: the others are not touched
	# shellcheck disable=SC2086
	run_check "$fs, $method: convert one" vs convert uni1 --yes $opt
	alone "$scratch/now" "$R/vz/private/301"
	same_files "$scratch/was-uni1" "$scratch/now" "$fs, $method: the container is the guest, link groups included"
	is "$(find "$R/vz/private/301/usr" -type f -exec lsattr {} + | awk '$1 ~ /i/' | wc -l)" 0 \
		"$fs, $method: no package file is frozen"
	if [ "$fs" != btrfs ]; then
		lsattr "$R/vz/private/301/etc/resolv.conf" | grep -q '^....i'
		result $? "$fs, $method: the administrator's own flag stays"
	fi
	write_all 301
	run_check "$fs, $method: undo keeps what was written" vs undo uni1 --discard-changes
	if [ "$method" = copy ]; then unchanged "$fs, $method: undo is exact"; fi

	# from the start: exact undo
	unified_host "$fs"
	host_tree "$scratch/before" "$R"
	# shellcheck disable=SC2086
	run_check "$fs, $method: convert all" vs convert --all --yes $opt
	run_check "$fs, $method: verify" vs verify
	for g in $guests; do
		alone "$scratch/now" "$R/vz/private/30${g#uni}"
		same_files "$scratch/was-$g" "$scratch/now" "$fs, $method: $g is complete"
	done
	run_check "$fs, $method: undo" vs undo --all
	unchanged "$fs, $method: flags and link groups are back"
	store_is_hidden
	result $? "$fs, $method: the store's files are frozen and hidden as before"

	# shellcheck disable=SC2086
	run_check "$fs, $method: convert all again" vs convert --all --yes $opt
	run_check "$fs, $method: commit" vs commit --all --yes
	said "$fs, $method: commit speaks of the store" '/vservers/\.hash'
	write_all 301 302 303
	upgrade_and_remove 302
	ok "$fs, $method: the store is still there" test -d "$R/vservers/.hash"
	unmount_below "$R"
	rm -f "$scratch"/*.img
}

life ext4 rename
life ext3 rename
life ext4 copy

# ---- where the hidden flags cannot be read: sharing is evidence, a lone flag is a question

for fs in xfs btrfs; do
	have_fs "$fs" || { skip "$fs" "no such file system here"; continue; }
	R=$scratch/r
	unified_host "$fs" || { result 1 "cannot build the host on $fs"; continue; }
	shared_names "$R/vservers/uni1" >"$scratch/shared"
	host_tree "$scratch/before" "$R"
	run_status 2 "$fs: a frozen file that nobody shares is a question" vs convert uni1 --yes
	said "$fs: which names the answer" 'immutable'
	unchanged "$fs: nothing was changed"
	put "$R/etc/vs2vz.d/map.conf" <<-'END'
	guest "uni1" {
		immutable = "keep"
	}
	END
	host_tree "$scratch/before" "$R"
	run_check "$fs: convert with the answer" vs convert uni1 --yes
	lsattr "$R/vz/private/301/etc/resolv.conf" | grep -q '^....i'
	result $? "$fs: the lone flag is kept"
	is "$(find "$R/vz/private/301/usr" -type f -exec lsattr {} + | awk '$1 ~ /i/' | wc -l)" 0 \
		"$fs: what was shared is thawed all the same"
	run_check "$fs: verify" vs verify uni1
	run_check "$fs: undo" vs undo uni1
	unchanged "$fs: undo is exact"
	run_check "$fs: convert once more" vs convert uni1 --yes
	write_all 301
	unmount_below "$R"
	rm -f "$scratch"/*.img
done

# ---- --shared keep-readonly: frozen ones stay shared and frozen, the others do not

R=$scratch/r
unified_host ext4
shared_names "$R/vservers/uni1" >"$scratch/shared"
chattr -i "$R/vservers/uni1/usr/share/many/f7"	# still shared, no longer frozen
host_tree "$scratch/before" "$R"
run_check "keep-readonly: convert" vs convert uni1 --yes --shared keep-readonly
run_check "keep-readonly: verify" vs verify uni1
is "$(stat -c %i "$R/vz/private/301/usr/share/many/f8")" "$(stat -c %i "$R/vservers/uni2/usr/share/many/f8")" \
	"keep-readonly: a frozen file is still shared"
ok "keep-readonly: and cannot be written" sh -c "! echo x >>'$R/vz/private/301/usr/share/many/f8'"
[ "$(stat -c %i "$R/vz/private/301/usr/share/many/f7")" != "$(stat -c %i "$R/vservers/uni2/usr/share/many/f7")" ]
result $? "keep-readonly: one that can be written to is private"
# Another guest takes its names away from what is still shared (of three, one is held).
links=$(stat -c %h "$R/vz/private/301/usr/bin/gcc")
run_check "keep-readonly: another guest is converted" vs convert uni2 --yes --shared break
[ "$(stat -c %h "$R/vz/private/301/usr/bin/gcc")" != "$links" ]
result $? "keep-readonly: link counts changed"
run_check "keep-readonly: verify does not mind" vs verify uni1
run_check "keep-readonly: undo" vs undo uni1
said "keep-readonly: all is as it was, but for link counts" 'uni1 is back: all'
run_check "keep-readonly: verify the other" vs verify uni2
run_check "keep-readonly: undo the other" vs undo uni2
said "keep-readonly: it is back, too" 'uni2 is back: all'
unchanged "keep-readonly: undo is exact"

# ---- no room for private copies: refused before anything is touched

mkdir -p "$R/fill"
fallocate -l "$(($(stat -f -c '%a * %S' "$R") - 400000))" "$R/fill/all" 2>/dev/null ||
	dd if=/dev/zero of="$R/fill/all" bs=64k status=none 2>/dev/null
host_tree "$scratch/before" "$R"
run_status 2 "short of space: refused" vs convert uni1 --yes
said "short of space: with the number" 'VS201'
unchanged "short of space: nothing was changed"
rm -r "$R/fill"
done_testing
