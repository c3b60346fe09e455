#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Owners with VServer's context in them: each method of tagging, on each file system,
# by rename and by copy. The container's owners are those from before the tagging, the
# undone guest's those with the tag; where the numbers do not tell, the tool asks.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
. "$top/tests/lib/marks.sh"
need_loop
need_tools setfacl setfattr chattr

# Everything that a change of owner takes away, and every type that can carry one.
owned_tree() {
	local t=$1 i
	fedora_tree "$t"
	mkdir -p "$t/owned/deep/er"
	for i in 0 1 33 500 65533; do
		: >"$t/owned/$i"
		own "$i:$i" "$t/owned/$i"
	done
	echo suid >"$t/owned/suid"
	own 33:33 "$t/owned/suid"
	chmod 6755 "$t/owned/suid"
	echo cap >"$t/owned/cap"
	setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 "$t/owned/cap"
	setfacl -m u:500:rw,g:33:r "$t/owned/500"
	setfacl -d -m u:500:rwx "$t/owned/deep"
	mkdir -m 2775 "$t/owned/setgid"
	own 0:500 "$t/owned/setgid"
	ln -s nowhere "$t/owned/link"
	own 500:500 "$t/owned/link"
	ln "$t/owned/33" "$t/owned/deep/er/33-again"
	mkfifo "$t/owned/fifo"
	own 500:500 "$t/owned/fifo"
	for i in $(seq 1 60); do
		: >"$t/owned/deep/$i"
		own "$((i * 10)):$((i * 7))" "$t/owned/deep/$i"
	done
}

# host FS [TARGET-FS]: $R with the guest tagged, 300 its context
tagged_host() {
	local fs=$1 to=$2
	wipe "$R"
	mount_new "$fs" 512M "$R" && mkhost "$R" || return 1
	if [ -n "$to" ]; then
		mount_new "$to" 512M "$R/vz/private" || return 1
		chmod 700 "$R/vz/private"
		age "$R/vz/private"
		age "$R/vz"
	fi
	add_guest "$R" tagged 300 tagged.example.org 192.0.2.30 owned_tree
}

# one METHOD FS [TARGET-FS]
one() {
	local method=$1 fs=$2 to=${3:-} how
	how="$method on $fs${to:+, copied to $to}"
	if ! have_fs "$fs" || ! have_fs "${to:-$fs}"; then
		skip "$how" "no such file system here"
		return
	fi
	R=$scratch/r
	tagged_host "$fs" "$to" || { result 1 "cannot build $how"; return; }
	diag "$how"
	tree "$scratch/clean" "$R/vservers/tagged"
	tag_tree "$method" 300 "$R/vservers/tagged"
	tree "$scratch/tagged" "$R/vservers/tagged"
	! cmp -s "$scratch/clean" "$scratch/tagged"
	result $? "$how: the tags are on the disk"
	host_tree "$scratch/before" "$R"
	run vs plan --all
	said "$how: the plan names the method" "$method"
	run_check "$how: convert" vs convert tagged --yes --ctid 300
	same_tree "$scratch/clean" 300 "$how: every owner as it was before the tagging"
	run_check "$how: verify" vs verify tagged
	host_tree "$scratch/converted" "$R"
	run_check "$how: convert again" vs convert tagged --yes
	host_tree "$scratch/now" "$R"
	same_files "$scratch/converted" "$scratch/now" "$how: which changes nothing"
	run_check "$how: undo" vs undo tagged
	unchanged "$how: undo brings the tags back"
	run_check "$how: convert and commit" vs convert tagged --yes --ctid 300
	run_check "$how: commit" vs commit tagged --yes
	same_tree "$scratch/clean" 300 "$how: owners after commit"
	is "$(find "$R/vservers" -mindepth 1 -maxdepth 1 -name '.vs2vz*' -o -mindepth 1 -maxdepth 1 \
		-name '.tagged*')" "" "$how: nothing is left beside the trees"
	unmount_below "$R"
	rm -f "$scratch"/*.img
}

for method in id24 uid16 gid16; do
	for fs in ext3 ext4 xfs btrfs; do
		one "$method" "$fs"
	done
	one "$method" ext4 xfs
	one "$method" xfs ext4
	one "$method" ext3 btrfs
	one "$method" btrfs ext3
done

# ---- a wrong owner left behind is noticed

R=$scratch/r
tagged_host ext4 ""
tag_tree id24 300 "$R/vservers/tagged"
run_check "convert" vs convert tagged --yes --ctid 300
chown 16777716:738198004 "$R/vz/private/300/owned/500"
run_mustfail "verify finds a tag" vs verify tagged
chown 500:500 "$R/vz/private/300/owned/500"
run_check "undo" vs undo tagged

# ---- mixed with tag 0: normal, and 0 stays

tagged_host ext4 ""
tree "$scratch/clean" "$R/vservers/tagged"
tag_tree id24 300 "$R/vservers/tagged"
chown 500:500 "$R/vservers/tagged/owned/500"
host_tree "$scratch/before" "$R"
run_check "a tree with host's files among the tagged" vs convert tagged --yes --ctid 300
same_tree "$scratch/clean" 300 "all are clean"
run_check "undo" vs undo tagged
unchanged "the mixture is back"

# ---- what cannot be told is asked

asked() { # TEXT FINDING
	host_tree "$scratch/before" "$R"
	run_status 2 "$1: refused" vs convert tagged --yes --ctid 300
	said "$1: with the question" "$2"
	unchanged "$1: nothing was changed"
}

tagged_host ext4 ""
tag_tree id24 300 "$R/vservers/tagged" -not -path './owned*'
tag_tree id24 301 "$R/vservers/tagged/owned"	# a third tag among those of 300
asked "files of another context" 'VS4(09|10)'
put "$R/etc/vs2vz.d/map.conf" <<'END'
guest "tagged" {
	tag = {300, 301}
}
END
host_tree "$scratch/before" "$R"
run_check "the answer is taken" vs convert tagged --yes --ctid 300
same_tree "$scratch/clean" 300 "both tags are off"
run_check "undo" vs undo tagged
unchanged "both tags are back"
rm -r "$R/etc/vs2vz.d"

tagged_host ext4 ""
tag_tree uid16 300 "$R/vservers/tagged/owned/deep"	# a few owners match, most do not
chown 2000000:2000000 "$R/vservers/tagged/owned/500"
asked "real large owners beside a few that match" 'VS4(09|10)'
put "$R/etc/vs2vz.d/map.conf" <<'END'
guest "tagged" {
	tagging = "none"
}
END
tree "$scratch/guest" "$R/vservers/tagged"
run_check "tagging = none" vs convert tagged --yes --ctid 300
same_tree "$scratch/guest" 300 "owners stay"
done_testing
