#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Copies that must lack nothing: the hardest trees that a file system can hold.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
. "$top/tests/lib/torture.sh"
need_loop
need_tools setfacl setfattr chattr

# Room for the wide directory where inodes are counted out beforehand.
new_fs() {
	if [ "$1" = ext4 ]; then mount_new ext4 2G "$2" -N 250000
	else mount_new "$1" 2G "$2"; fi
}

wide=100000
for types in "ext4 ext4" "ext4 xfs" "xfs ext4"; do
	from=${types% *} to=${types#* }
	have_fs "$from" && have_fs "$to" || { skip "$types" "no such file system"; continue; }
	R=$scratch/$from-$to
	new_fs "$from" "$R"
	mkhost "$R"
	new_fs "$to" "$R/vz/private"
	chmod 700 "$R/vz/private"
	add_guest "$R" hard 5000 hard.example.org 192.0.2.7 torture_tree
	set_times "$R/vservers/hard"
	set_flags "$R/vservers/hard"
	diag "$types"
	host_tree "$scratch/before" "$R"
	tree "$scratch/guest" "$R/vservers/hard"
	run_check "convert" vs convert hard --yes --ctid 700 --override VS413
	same_tree "$scratch/guest" 700 "every object as it was"
	blocks=$(du -sB1 "$(aside "$R/vservers" hard)/holes" | cut -f 1)
	now=$(du -sB1 "$R/vz/private/700/holes" | cut -f 1)
	ok "holes stay holes ($blocks, now $now)" test "$now" -le $((blocks + 262144))
	run_check "verify" vs verify hard
	run_check "undo" vs undo hard
	unchanged "everything as it was"
	run_check "convert and commit" vs convert hard --yes --ctid 700 --override VS413
	run_check "commit" vs commit hard --yes
	ok "the source is gone, flags and all" test -z "$(aside "$R/vservers" hard)"
	same_tree "$scratch/guest" 700 "the container is complete"
	chattr -R -f -a "$R/vz/private/700/flags"
	unmount_below "$R"
	rm -f "$scratch"/*.img
	wide=2000	# one directory of 100,000 entries is enough
done
done_testing
